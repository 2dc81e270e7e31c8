"""Every permission there is; what is not named here cannot be allowed."""

from enum import StrEnum


class Permission(StrEnum):
    """One right, named `<what>.<what one does with it>`."""

    CONSUMERS_READ = "consumers.read"
    CONSUMERS_REPORT = "consumers.report"
    ACTIVITY_READ = "activity.read"
    CUSTOMERS_READ = "customers.read"
    CUSTOMERS_REGISTER = "customers.register"
    CUSTOMERS_CHANGE = "customers.change"
    CUSTOMERS_HISTORY = "customers.history"
    CUSTOMERS_JOURNEY = "customers.journey"
    CUSTOMERS_WATCH = "customers.watch"
    CUSTOMERS_ACCESS_FILE = "customers.access_file"
    CUSTOMERS_ERASE = "customers.erase"
    CUSTOMERS_HOLD = "customers.hold"
    ERASURES_READ = "erasures.read"
    ERASURES_CONFIRM = "erasures.confirm"
    CUSTOMERS_IMPORT = "customers.import"
    CUSTOMERS_EXPORT = "customers.export"
    EVALUATIONS_ASK = "evaluations.ask"
    FEED_READ = "feed.read"
    FIELDS_DECLARE = "fields.declare"
    FIELDS_READ = "fields.read"
    RECORDS_READ = "records.read"
    LAG_READ = "lag.read"
    PERMISSIONS_FOLLOW = "permissions.follow"
    PROJECTIONS_OPERATE = "projections.operate"
    SUBJECT_KEYS_READ = "subject_keys.read"
