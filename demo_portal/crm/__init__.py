"""The portal's CRM data: tables of records, their fields, filters over them, and builders of records for tests."""
