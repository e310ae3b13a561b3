"""Codebases of workers, and the sessions of coding agents in them. The jobs themselves are tasks."""
