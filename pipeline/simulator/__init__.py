"""The service on one machine: the provider's three transports, an account, a world, faults.

Nothing is imported here, so that asking for one part does not load all: `server` has `simulate`,
`embedded` has it as a child process, `population` says what the service knows of a number.
"""

__all__ = ()
