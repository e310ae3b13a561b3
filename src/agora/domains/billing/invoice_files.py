"""Invoices as files: a table for programs, a page to print."""

from __future__ import annotations

import csv
import io
from html import escape

from agora_sdk.contract.billing import Invoice, InvoiceDocument

__all__ = ["render_csv", "render_html"]

HEADINGS = ("period", "agent_id", "agent_name", "kind", "description", "quantity", "unit", "amount", "currency")
WIDE = ("\uff1d", "\uff0b", "\uff0d", "\uff20")  # = + - @ in full width
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", *WIDE)
STYLE = """
body { font: 11pt/1.4 system-ui, sans-serif; color: #111; max-width: 46rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem; margin: 0 0 1.5rem } dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem }
dt { color: #555 } dd { margin: 0 } table { border-collapse: collapse; width: 100%; margin: 1.5rem 0 }
th, td { text-align: left; padding: .35rem .5rem; border-bottom: 1px solid #ccc; overflow-wrap: anywhere }
th { font-weight: 600 } .n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
tfoot td { border: 0 } .due td { font-weight: 600; border-top: 2px solid #111 } caption { text-align: left; color: #555 }
@media print { body { margin: 0; max-width: none } thead { display: table-header-group } tr { break-inside: avoid } }
"""


def _csv_cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def _format_amount(value: float) -> str:
    """A number with as many places as it has, up to six, and at least two."""
    whole, _, places = f"{value + 0.0:.6f}".partition(".")  # no minus zero
    return f"{whole}.{places.rstrip('0').ljust(2, '0')}"


def _format_quantity(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")


def render_csv(invoice: Invoice) -> InvoiceDocument:
    """A line for each line of the invoice, with a heading (RFC 4180)."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADINGS)
    for line in invoice.lines:
        words = [
            _csv_cell(part) for part in (line.period, line.agent_id, line.agent_name, line.kind.value, line.description)
        ]
        numbers = [_format_quantity(line.quantity), line.unit, _format_amount(line.amount), invoice.currency]
        writer.writerow([*words, *numbers])
    return InvoiceDocument(
        filename=f"{invoice.number}.csv", media_type="text/csv; charset=utf-8", content=out.getvalue()
    )


def render_html(invoice: Invoice, marketplace: str) -> InvoiceDocument:
    """One page, complete in itself. marketplace: who issues it."""
    facts = {
        "Issued by": marketplace,
        "Account": invoice.account_id,
        "Month": invoice.period,
        "Issued": f"{invoice.issued_at:%Y-%m-%d %H:%M} UTC" if invoice.issued_at else "",
    }
    sums = [
        ("Credit before this invoice", invoice.opening_balance),
        ("Credit and payments received", invoice.credits),
        ("Charges", -invoice.charges),
        ("Credit after this invoice", invoice.closing_balance),
    ]
    title = f"Invoice {escape(invoice.number or '')}"
    page = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{STYLE}</style>
</head>
<body>
<h1>{title}</h1>
<dl>{"".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())}</dl>
<table>
<caption>Amounts in {invoice.currency}; times and months are UTC.</caption>
<thead><tr><th>Month</th><th>Description</th><th class="n">Quantity</th><th>Unit</th><th class="n">Amount</th></tr></thead>
<tbody>
{_render_rows(invoice)}
</tbody>
<tfoot>
{"".join(f'<tr><td colspan="4" class="n">{name}</td><td class="n">{_format_amount(value)}</td></tr>' for name, value in sums)}
<tr class="due"><td colspan="4" class="n">Amount due</td><td class="n">{_format_amount(invoice.amount_due)}</td></tr>
</tfoot>
</table>
</body>
</html>
"""
    return InvoiceDocument(filename=f"{invoice.number}.html", media_type="text/html; charset=utf-8", content=page)


def _render_rows(invoice: Invoice) -> str:
    return "\n".join(
        f"<tr><td>{line.period}</td><td>{escape(line.description)}</td>"
        f'<td class="n">{_format_quantity(line.quantity)}</td><td>{escape(line.unit)}</td>'
        f'<td class="n">{_format_amount(line.amount)}</td></tr>'
        for line in invoice.lines
    )
