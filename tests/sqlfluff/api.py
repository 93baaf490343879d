"""What dbt's Jinja context has and sqlfluff's lacks; see `library_path` in .sqlfluff."""


class Relation:
    """A name of a table."""

    @staticmethod
    def create(schema: str, identifier: str) -> str:
        """The name as SQL."""
        return f"{schema}.{identifier}"
