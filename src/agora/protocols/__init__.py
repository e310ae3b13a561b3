"""Protocols: conversion between wire formats and operations.

Each package speaks one protocol and calls the dispatcher. It must not depend on domain rules, the store, an engine or
another protocol. HTTP protocols share :mod:`.http` (credentials, bodies, problems).
"""
