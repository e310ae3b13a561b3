"""Invoices as files: a table and JSON for programs, a page to print, an e-mail to send."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape

from agora_sdk.contract.billing import Invoice, InvoiceDocument
from agora_sdk.contract.currencies import decimal_places
from agora_sdk.errors import InvalidRequest, field_error

__all__ = ["render_invoice"]

CSV_COLUMNS = ("period", "agent_id", "agent_name", "kind", "description", "quantity", "unit", "amount", "currency")
# Some spreadsheets read these like the ASCII ones, as the beginning of a formula.
FULL_WIDTH_FORMULA_STARTS = ("\uff1d", "\uff0b", "\uff0d", "\uff20")  # = + - @ in full width
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", *FULL_WIDTH_FORMULA_STARTS)
STYLESHEET = """
body { font: 11pt/1.4 system-ui, sans-serif; color: #111; max-width: 46rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem; margin: 0 0 1.5rem } dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem }
dt { color: #555 } dd { margin: 0 } table { border-collapse: collapse; width: 100%; margin: 1.5rem 0 }
th, td { text-align: left; padding: .35rem .5rem; border-bottom: 1px solid #ccc; overflow-wrap: anywhere }
th { font-weight: 600 } .n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
address { font-style: normal; white-space: pre-line } .parties { display: flex; gap: 3rem; justify-content: space-between }
tfoot td { border: 0 } .due td { font-weight: 600; border-top: 2px solid #111 } caption { text-align: left; color: #555 }
@media print { body { margin: 0; max-width: none } thead { display: table-header-group } tr { break-inside: avoid } }
"""


def _escape_csv_cell(value: object) -> str:
    """Escape a cell so that spreadsheets do not interpret it as a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _format_amount(value: float) -> str:
    """Format an exact amount with two to six decimal places."""
    whole, _, places = f"{value + 0.0:.6f}".partition(".")  # no minus zero
    return f"{whole}.{places.rstrip('0').ljust(2, '0')}"


def _round_amount(value: float, currency: str) -> str:
    """Round an amount half up to the decimal places of the currency: 2 for USD, 0 for JPY."""
    places = decimal_places(currency)
    # By its shortest notation: the float 1.005 is slightly less, and would be rounded down.
    amount = Decimal(repr(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return f"{amount + 0:,.{places}f}"  # no minus zero


def _format_quantity(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")


def render_invoice(invoice: Invoice, format: str, *, exact: bool) -> InvoiceDocument:
    """Render an invoice. format: csv, html, json or eml. Raises InvalidRequest for an e-mail without a recipient."""
    match format:
        case "csv":
            return _render_csv(invoice)
        case "json":
            content = invoice.model_dump_json(indent=2) + "\n"
            return InvoiceDocument(filename=f"{invoice.number}.json", media_type="application/json", content=content)
        case "eml":
            return _render_email(invoice, exact)
    return _render_html(invoice, exact)


def _render_csv(invoice: Invoice) -> InvoiceDocument:
    """Render the invoice lines as CSV with a header (RFC 4180)."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(CSV_COLUMNS)
    for line in invoice.lines:
        words = [
            _escape_csv_cell(part)
            for part in (line.period, line.agent_id, line.agent_name, line.kind.value, line.description)
        ]
        # Not escaped: a negative number begins with a minus, and has to stay a number for the spreadsheet.
        numbers = [_format_quantity(line.quantity), line.unit, _format_amount(line.amount), invoice.currency]
        writer.writerow([*words, *numbers])
    return InvoiceDocument(
        filename=f"{invoice.number}.csv", media_type="text/csv; charset=utf-8", content=out.getvalue()
    )


def _render_email(invoice: Invoice, exact: bool) -> InvoiceDocument:
    """Render an e-mail to the customer (RFC 5322), for example for ``sendmail -t``, with the HTML and CSV files
    attached."""
    if not invoice.customer.email:
        raise InvalidRequest(
            f"{invoice.number} names no e-mail address: the account {invoice.account_id} had none when it was issued.",
            fix="Set it with agora.billing.set_profile for later invoices; send this one as html or csv.",
            errors=[field_error("format", "no address to send it to")],
        )
    # Text in other characters is encoded, so that the file is ASCII and any mail server takes it.
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    if invoice.issuer_email:
        message["From"] = invoice.issuer_email
    message["To"] = invoice.customer.email
    message["Subject"] = f"Invoice {invoice.number}, {invoice.period}"
    if invoice.issued_at:
        message["Date"] = format_datetime(invoice.issued_at)
    # RFC 2606 reserves .invalid: the id names no host that could be asked. Mail programs drop a second copy by it.
    message["Message-ID"] = f"<{invoice.invoice_id}@agora.invalid>"  # the same for every copy
    due = f", due on {invoice.due_at:%Y-%m-%d}" if invoice.due_at else ""
    amount = f"{_round_amount(invoice.amount_due, invoice.currency)} {invoice.currency}"
    message.set_content(
        f"Invoice {invoice.number} for {invoice.period} is attached.\nAmount due: {amount}{due}.\n\n{invoice.issuer}\n"
    )
    for file in (_render_html(invoice, exact), _render_csv(invoice)):
        subtype = file.media_type.partition(";")[0].removeprefix("text/")
        message.add_attachment(file.content, subtype=subtype, filename=file.filename)
    return InvoiceDocument(
        filename=f"{invoice.number}.eml", media_type="message/rfc822", content=message.as_bytes().decode("ascii")
    )


def _render_html(invoice: Invoice, exact: bool) -> InvoiceDocument:
    """Render a self-contained HTML page. exact: show all decimal places."""
    customer = invoice.customer

    def format_amount(value: float) -> str:
        text = _format_amount(value) if exact else _round_amount(value, invoice.currency)
        return f'<td class="n" title="{_format_amount(value)}">{text}</td>'

    facts = {
        "Account": invoice.account_id,
        "Customer's tax id": customer.tax_id,
        "Month": invoice.period,
        "Issued": f"{invoice.issued_at:%Y-%m-%d %H:%M} UTC" if invoice.issued_at else "",
        "Due": f"{invoice.due_at:%Y-%m-%d}" if invoice.due_at else "",
    }
    sums = [
        ("Credit before this invoice", invoice.opening_balance),
        ("Credit and payments received", invoice.credits),
        ("Charges", -invoice.charges),
    ]
    if invoice.tax_rate:
        tax = f"{escape(invoice.tax_name)} of {invoice.tax_rate:g} %"
        sums += [(f"of which net, without {tax}", -invoice.net_charges), (f"of which {tax}", -invoice.tax)]
    sums.append(("Credit after this invoice", invoice.closing_balance))
    title = f"Invoice {escape(invoice.number or '')}"
    note = "" if exact else " Figures are rounded; the table (CSV) has the exact ones."
    # The address element keeps line breaks (white-space: pre-line), so the lines need no markup.
    address = "\n".join(filter(None, (customer.name, customer.address)))
    page = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{STYLESHEET}</style>
</head>
<body>
<div class="parties"><address>{escape(address)}</address><address>{escape(invoice.issuer)}</address></div>
<h1>{title}</h1>
<dl>{"".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in facts.items() if value)}</dl>
<table>
<caption>Amounts in {invoice.currency}; times and months are UTC.{note}</caption>
<thead><tr><th>Month</th><th>Description</th><th class="n">Quantity</th><th>Unit</th><th class="n">Amount</th></tr></thead>
<tbody>
{_render_rows(invoice, format_amount)}
</tbody>
<tfoot>
{"".join(f'<tr><td colspan="4" class="n">{name}</td>{format_amount(value)}</tr>' for name, value in sums)}
<tr class="due"><td colspan="4" class="n">Amount due</td>{format_amount(invoice.amount_due)}</tr>
</tfoot>
</table>
</body>
</html>
"""
    return InvoiceDocument(filename=f"{invoice.number}.html", media_type="text/html; charset=utf-8", content=page)


def _render_rows(invoice: Invoice, amount: Callable[[float], str]) -> str:
    return "\n".join(
        f"<tr><td>{line.period}</td><td>{escape(line.description)}</td>"
        f'<td class="n">{_format_quantity(line.quantity)}</td><td>{escape(line.unit)}</td>{amount(line.amount)}</tr>'
        for line in invoice.lines
    )
