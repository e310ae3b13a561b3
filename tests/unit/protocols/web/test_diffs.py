"""Rendering of diffs: files, line counts, and escaping."""

from __future__ import annotations

from agora.protocols.web.diffs import MAX_LINES, is_diff, parse_diff, render_diff

GIT = """diff --git a/x.py b/x.py
new file mode 100644
index 000..111
--- /dev/null
+++ b/x.py
@@ -0,0 +1,2 @@
+a
+--- b
diff --git a/y.txt b/y.txt
--- a/y.txt
+++ b/y.txt
@@ -1,2 +1,2 @@
--- an old comment
+<script>alert(1)</script>
 c
diff --git a/old b/old
deleted file mode 100644
--- a/old
+++ /dev/null
@@ -1 +0,0 @@
-gone
diff --git a/z.png b/z.png
Binary files differ
"""
PLAIN = "--- a.py\n+++ a.py\n@@ -1 +1 @@\n-x\n+y\n--- b.py\n+++ b.py\n@@ -1 +1 @@\n-x\n+y"


def test_files_of_a_diff_are_separated() -> None:
    files = [(file.path, file.added, file.removed) for file in parse_diff(GIT)]
    assert files == [("x.py", 2, 0), ("y.txt", 1, 1), ("old", 0, 1), ("z.png", 0, 0)]
    assert [(file.path, file.added, file.removed) for file in parse_diff(PLAIN)] == [("a.py", 1, 1), ("b.py", 1, 1)]
    assert is_diff(GIT)
    assert is_diff(PLAIN)
    assert not is_diff("--- a heading\n+++ nothing")


def test_hunk_with_wrong_counts_ends_at_the_next_file() -> None:
    files = parse_diff(GIT.replace("@@ -0,0 +1,2 @@", "@@ -5,99 +5,99 @@"))
    assert [file.path for file in files] == ["x.py", "y.txt", "old", "z.png"]


def test_diff_is_escaped() -> None:
    html = str(parse_diff(GIT)[1].html)
    assert "<script" not in html
    assert '<span class="add">+&lt;script&gt;alert(1)&lt;/script&gt;\n</span>' in html
    assert '<span class="del">--- an old comment\n</span>' in html
    assert '<span class="add">+a\n</span>' in render_diff("-b\n+a"), (
        "without file headers, lines are distinguished by their signs"
    )


def test_bidirectional_control_characters_are_shown() -> None:
    html = str(render_diff("+access = 'user\u202e // only for admins'"))
    assert "\u202e" not in html
    assert "&lt;U+202E&gt;" in html


def test_long_diff_is_truncated() -> None:
    html = str(render_diff("+x\n" * (MAX_LINES + 7)))
    assert html.count("<span") == MAX_LINES + 1
    assert "… 7 more lines" in html
    many = "".join(f"--- f{number}\n+++ f{number}\n@@ -1 +1 @@\n-x\n+y\n" for number in range(1000))
    assert sum(len(file.lines) for file in parse_diff(many)) == MAX_LINES
    assert "x" * 2000 not in render_diff("+" + "x" * 100_000)
