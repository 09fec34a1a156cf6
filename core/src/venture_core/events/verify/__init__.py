"""Verification of audit bundles offline, with public keys and nothing else."""

from venture_core.events.verify.bundle import verify_bundle, verify_series
from venture_core.events.verify.report import Finding, Kind, Report

__all__ = ["Finding", "Kind", "Report", "verify_bundle", "verify_series"]
