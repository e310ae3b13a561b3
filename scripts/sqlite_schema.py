"""Write the schema of a new SQLite database, as created by the migrations (docs/adr/0022)."""

from __future__ import annotations

from agora.store.migrate import list_migrations
from agora.store.sqlite.schema import SCHEMA_FILE, build_schema_script

if __name__ == "__main__":
    SCHEMA_FILE.write_text(build_schema_script(list_migrations("sqlite")), "utf-8")
