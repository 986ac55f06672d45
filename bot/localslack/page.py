"""placeholder"""

from starlette.routing import Route


class Page:
    def __init__(self, world, people): ...

    def routes(self) -> list[Route]:
        return []
