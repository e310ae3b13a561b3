"""Codebases of workers and sessions of coding agents. Coding jobs themselves are tasks."""
