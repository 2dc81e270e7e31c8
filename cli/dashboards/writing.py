"""A dashboard becomes Grafana's JSON, the same bytes every time."""

from grafana_foundation_sdk.builders import common, dashboard, prometheus, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    LegendDisplayMode,
    LegendPlacement,
    TooltipDisplayMode,
)
from grafana_foundation_sdk.models.dashboard import DataSourceRef

from cli.dashboards.boards import Board, Panel

SOURCE = DataSourceRef(type_val="prometheus", uid="prometheus")
HEIGHT, WIDTH = 8, 12


def json_of(board: Board) -> str:
    """Return the dashboard as Grafana reads it from a file."""
    made = (
        dashboard.Dashboard(board.title)
        .uid(f"daybook-{board.name}")
        .tags(["daybook"])
        .refresh("10s")
        .time("now-1h", "now")
        .timezone("browser")
        .readonly()
    )
    for panel in board.panels:
        made.with_panel(_panel(panel))
    return JSONEncoder(sort_keys=True, indent=2).encode(made.build()) + "\n"


def _panel(panel: Panel) -> timeseries.Panel:
    made = (
        timeseries.Panel()
        .title(panel.title)
        .description(panel.meaning)
        .unit(panel.unit)
        .min(0)
        .datasource(SOURCE)
        .height(HEIGHT)
        .span(WIDTH)
        .legend(
            common.VizLegendOptions()
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
    )
    for ref, (expression, legend) in zip("ABCDEF", panel.lines, strict=False):
        made.with_target(
            prometheus.Dataquery().expr(expression).legend_format(legend).ref_id(ref).range()
        )
    return made
