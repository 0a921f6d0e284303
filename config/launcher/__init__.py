"""Starts Earshot: embedded servers, roles, migrations, and the processes under one supervisor.

Plain process code: it imports no Django and no app, so that it works before there is a database.
"""
