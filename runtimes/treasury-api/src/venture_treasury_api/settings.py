"""The settings of treasury-api, from the environment."""

from venture_core.http.settings import ServiceSettings
from venture_core.settings.dataplane import PostgresEndpoint, RedisEndpoint
from venture_core.settings.programs import Name


class TreasurySettings(ServiceSettings, PostgresEndpoint, RedisEndpoint):
    """What treasury-api needs. Accounts are service accounts of its own namespace."""

    namespace: Name
    """The namespace of the release."""
    work_namespace: Name
    """Where agents run."""
    operator_account: Name
    """Who opens and ends budgets, and has approved intents held."""
    gateway_account: Name
    """Who holds and settles usage of language models."""
    api_account: Name
    """Who reads on behalf of people."""
    treasurer_account: Name
    """Who pays into wallets: whoever may make a token of this account."""
