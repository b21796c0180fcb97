# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a dashboard is made of, and how Grafana's SDK draws it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from grafana_foundation_sdk.builders import common, stat, timeseries
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models.common import LegendDisplayMode, LegendPlacement, TooltipDisplayMode
from grafana_foundation_sdk.models.dashboard import Dashboard as Drawn
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync, DataSourceRef, VariableOption, VariableRefresh

_SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
_WIDTH, _HEIGHT = 8, 8


@dataclass(frozen=True, slots=True)
class Panel:
    """A graph: ``queries`` are expressions to the legends of their lines; ``unit`` is one of Grafana's."""

    title: str
    unit: str
    queries: Mapping[str, str]
    description: str = ""
    now: bool = False
    """Show the last values as numbers instead of lines."""


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Rows of panels by their titles; ``variables`` are names to the queries of their values."""

    name: str
    title: str
    description: str
    rows: Mapping[str, Sequence[Panel]]
    variables: Mapping[str, str] = field(default_factory=dict)


def draw(dashboard: Dashboard) -> Drawn:
    """Return the model that Grafana reads."""
    builder = (
        builders.Dashboard(dashboard.title)
        .uid(f"istio-migration-{dashboard.name}")
        .description(dashboard.description)
        .tags(["istio-migration"])
        .refresh("30s")
        .time("now-1h", "now")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .readonly()
        .with_variable(builders.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
    )
    for name, query in dashboard.variables.items():
        builder = builder.with_variable(_variable(name, query))
    for title, panels in dashboard.rows.items():
        builder = builder.with_row(builders.Row(title))
        for panel in panels:
            builder = builder.with_panel(_number(panel) if panel.now else _graph(panel))
    return builder.build()


def _variable(name: str, query: str) -> builders.QueryVariable:
    everything = VariableOption(text="All", value="$__all", selected=True)
    return (
        builders.QueryVariable(name)
        .label(name.capitalize())
        .datasource(_SOURCE)
        .query(query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .multi(True)
        .include_all(True)
        .all_value(".+")
        .current(everything)
    )


def _graph(panel: Panel) -> timeseries.Panel:
    legend = (
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(LegendDisplayMode.LIST)
        .placement(LegendPlacement.BOTTOM)
    )
    builder = (
        timeseries.Panel()
        .title(panel.title)
        .description(panel.description)
        .datasource(_SOURCE)
        .unit(panel.unit)
        .min(0)
        .span(_WIDTH)
        .height(_HEIGHT)
        .fill_opacity(8)
        .legend(legend)
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
    )
    for query in _queries(panel):
        builder = builder.with_target(query)
    return builder


def _number(panel: Panel) -> stat.Panel:
    builder = (
        stat.Panel()
        .title(panel.title)
        .description(panel.description)
        .datasource(_SOURCE)
        .unit(panel.unit)
        .span(_WIDTH)
        .height(_HEIGHT)
    )
    for query in _queries(panel):
        builder = builder.with_target(query)
    return builder


def _queries(panel: Panel) -> list[Dataquery]:
    return [
        Dataquery().expr(expression).legend_format(legend).ref_id(chr(ord("A") + number))
        for number, (expression, legend) in enumerate(panel.queries.items())
    ]
