"""Every route with the permission that was meant for it; a new one is one more line here."""

from shared.authorization.permissions import Permission

A_CUSTOMER = "/v1/customers/{customer_id}"
CHANGES = [
    *[
        ("POST", change)
        for change in [
            "rename",
            "reclassify",
            "tags",
            "untag",
            "assign",
            "stage",
            "fields",
            "archive",
            "restore",
        ]
    ],
    *[("POST", things) for things in ("emails", "phones", "addresses", "links", "notes")],
    *[
        (method, one)
        for one in ("emails/{email_id}", "phones/{phone_id}", "addresses/{address_id}")
        for method in ("PUT", "DELETE")
    ],
    ("PUT", "links/{link_id}"),
    ("DELETE", "links/{link_id}"),
    ("DELETE", "notes/{note_id}"),
]
EVERY_ROUTE = {
    **{(method, f"{A_CUSTOMER}/{path}"): Permission.CUSTOMERS_CHANGE for method, path in CHANGES},
    ("GET", "/v1/customers/{customer_id}/notes"): Permission.CUSTOMERS_READ,
    ("POST", "/v1/customers"): Permission.CUSTOMERS_REGISTER,
    ("GET", "/v1/exported-customers"): Permission.CUSTOMERS_EXPORT,
    ("POST", "/v1/imports"): Permission.CUSTOMERS_IMPORT,
    ("GET", "/v1/imports"): Permission.CUSTOMERS_IMPORT,
    ("GET", "/v1/imports/{import_id}"): Permission.CUSTOMERS_IMPORT,
    ("GET", "/v1/imports/{import_id}/errors"): Permission.CUSTOMERS_IMPORT,
    ("POST", "/v1/imports/{import_id}/undo"): Permission.CUSTOMERS_IMPORT,
    ("POST", "/v1/imports/{import_id}/cancel"): Permission.CUSTOMERS_IMPORT,
    ("GET", "/v1/customers"): Permission.CUSTOMERS_READ,
    ("GET", "/v1/customers/{customer_id}"): Permission.CUSTOMERS_READ,
    ("GET", "/v1/customers/{customer_id}/history"): Permission.CUSTOMERS_HISTORY,
    ("GET", "/v1/customers/{customer_id}/journey"): Permission.CUSTOMERS_JOURNEY,
    ("GET", "/v1/customers/{customer_id}/access-file"): Permission.CUSTOMERS_ACCESS_FILE,
    ("GET", "/v1/customers/{customer_id}/holds"): Permission.CUSTOMERS_HOLD,
    ("POST", "/v1/customers/{customer_id}/holds"): Permission.CUSTOMERS_HOLD,
    ("DELETE", "/v1/customers/{customer_id}/holds/{hold_id}"): Permission.CUSTOMERS_HOLD,
    ("POST", "/v1/customers/{customer_id}/erasure"): Permission.CUSTOMERS_ERASE,
    ("GET", "/v1/customers/{customer_id}/erasure"): Permission.ERASURES_READ,
    ("POST", "/v1/customers/{customer_id}/erasure/receipts"): Permission.ERASURES_CONFIRM,
    ("GET", "/v1/erasures"): Permission.ERASURES_READ,
    ("GET", "/v1/erasures/certificate-key"): Permission.ERASURES_READ,
    ("POST", "/v1/fields"): Permission.FIELDS_DECLARE,
    ("GET", "/v1/fields"): Permission.FIELDS_READ,
    ("GET", "/v1/fields/{name}"): Permission.FIELDS_READ,
    ("POST", "/v1/fields/{name}/change"): Permission.FIELDS_DECLARE,
    ("POST", "/v1/fields/{name}/retire"): Permission.FIELDS_DECLARE,
    ("POST", "/v1/fields/{name}/reinstate"): Permission.FIELDS_DECLARE,
    ("GET", "/v1/changed-customers"): Permission.CUSTOMERS_HISTORY,
    ("GET", "/v1/customers/{customer_id}/last-look"): Permission.CUSTOMERS_HISTORY,
    ("PUT", "/v1/customers/{customer_id}/last-look"): Permission.CUSTOMERS_HISTORY,
    ("GET", "/v1/customers/{customer_id}/changes"): Permission.CUSTOMERS_HISTORY,
    ("GET", "/v1/feed"): Permission.FEED_READ,
    ("GET", "/v1/feed/digest"): Permission.FEED_READ,
    ("GET", "/v1/subject-keys/{kid}"): Permission.SUBJECT_KEYS_READ,
    ("GET", "/v1/watch"): Permission.CUSTOMERS_WATCH,
    ("GET", "/v1/activity"): Permission.ACTIVITY_READ,
    ("GET", "/v1/activity/daily"): Permission.ACTIVITY_READ,
    ("GET", "/v1/lag"): Permission.LAG_READ,
    ("GET", "/v1/consumers"): Permission.CONSUMERS_READ,
    ("PUT", "/v1/consumers/{name}/seen"): Permission.CONSUMERS_REPORT,
    ("GET", "/v1/parked"): Permission.PROJECTIONS_OPERATE,
    ("GET", "/v1/projections"): Permission.PROJECTIONS_OPERATE,
    ("POST", "/v1/projections/{name}/orders"): Permission.PROJECTIONS_OPERATE,
    ("GET", "/v1/projections/{name}/orders/{order_id}"): Permission.PROJECTIONS_OPERATE,
    ("GET", "/v1/views"): Permission.CUSTOMERS_READ,
    ("POST", "/v1/views"): Permission.CUSTOMERS_READ,
    **{
        (method, "/v1/views/{view_id}"): Permission.CUSTOMERS_READ
        for method in ("GET", "PUT", "DELETE")
    },
    ("POST", "/v1/views/{view_id}/share"): Permission.CUSTOMERS_READ,
    ("POST", "/v1/views/{view_id}/unshare"): Permission.CUSTOMERS_READ,
}
