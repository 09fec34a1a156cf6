"""Reading YAML of people: whatever is wrong with it is one kind of error, with its place."""

from typing import Any, override

import yaml


class ToldLoader(yaml.SafeLoader):
    """A safe loader for which a value that is not of its tag is an error of YAML as any other.

    PyYAML itself fails in half a dozen ways at `!!int abc`, `!!bool 7` or 5,000 digits.
    """

    @override
    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Return the value of a node. Raises `yaml.YAMLError`."""
        try:
            return super().construct_object(node, deep)
        except yaml.YAMLError, RecursionError:
            raise
        except (ValueError, TypeError, LookupError, AttributeError, OverflowError) as error:
            if not isinstance(node, yaml.ScalarNode):
                raise
            kind = node.tag.rpartition(":")[2]
            raise yaml.MarkedYAMLError(
                problem=f"the value is no {kind}, or a far too long one",
                problem_mark=node.start_mark,
            ) from error


def values_of(data: bytes | str) -> list[Any]:
    """Return the documents of a file, but for empty ones. Raises `yaml.YAMLError`."""
    try:
        return [each for each in yaml.load_all(data, ToldLoader) if each is not None]
    except RecursionError:
        raise yaml.YAMLError("the nesting is too deep") from None
    except UnicodeDecodeError as error:
        raise yaml.YAMLError(f"byte {error.start} is not UTF-8") from None
