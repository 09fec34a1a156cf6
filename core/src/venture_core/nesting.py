"""How deep a parsed document is nested: what recursion cannot follow is told without recursion."""


def is_deeper(value: object, levels: int) -> bool:
    """Tell whether anything in parsed JSON stands more than `levels` deep; `value` is level 1."""
    level = [value]
    for _ in range(levels):
        inner: list[object] = []
        for each in level:
            if isinstance(each, dict):
                inner += each.values()
            elif isinstance(each, list):
                inner += each
        if not inner:
            return False
        level = inner
    return True
