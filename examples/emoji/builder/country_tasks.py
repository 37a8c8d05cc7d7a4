"""Pairs about countries: name (T1), one-hop fact (T2), two hops (T3)."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from builder import texts
from builder.facts import RELATIONS, Country
from builder.records import Content, Pair, Side
from builder.splits import Combination
from builder.world import World

FLAG_SHARE = 0.3  # of the forms of a country in a query


@dataclass(frozen=True)
class Form:
    """How a query shows a country: a foreign name, or its flag."""

    kind: str  # "flag" or a language
    text: str = ""
    image: str = ""

    def query(self, relation: str) -> Content:
        if self.image:
            return Content(relation, image=self.image)
        return Content(texts.country_query(self.text, relation))


class CountryTasks:
    """Makes pairs and candidates; draws only from what it is given."""

    def __init__(self, world: World) -> None:
        self._world = world

    def country(self, combination: Combination) -> Country:
        return self._world.by_code[combination.country]

    def value(self, combination: Combination) -> str:
        return self.country(combination).facts[combination.relation]

    def subject(self, combination: Combination) -> str:
        return f"{combination.relation}:{self.value(combination)}"

    def all_forms(self, country: Country, flag_view: str) -> Iterator[Form]:
        """Every form; the flag as the view of that name ("test0" …)."""
        for language, name in country.forms.items():
            yield Form(language, text=name)
        path = self._world.pictures.view(f"flag/{country.code}", flag_view)
        yield Form("flag", image=path)

    def draw_form(self, country: Country, draw: random.Random) -> Form:
        """A training form: the flag in 30 % of the draws."""
        foreign = sorted(country.forms.items())
        if not foreign or draw.random() < FLAG_SHARE:
            view = self._world.train_view(f"flag/{country.code}",
                                          draw.randrange(10**6))
            return Form("flag", image=view)
        language, name = draw.choice(foreign)
        return Form(language, text=name)

    def target(self, kind: str, value: str) -> Side:
        return Side(Content(texts.value_target(kind, value)),
                    texts.completion(kind, value))

    def name_pair(self, country: Country, form: Form) -> Pair:
        query = Side(form.query("name"), texts.completion("name", country.name))
        return Pair("country_name", query, self.target("name", country.name),
                    f"name:{country.name}")

    def _value_pair(self, task: str, combination: Combination, shown: Content,
                    trace: str) -> Pair:
        value = self.value(combination)
        return Pair(task, Side(shown, texts.completion(trace, value)),
                    self.target(combination.relation, value),
                    self.subject(combination))

    def _careful(self, combination: Combination) -> str:
        return texts.careful_trace(self.country(combination).name,
                                   combination.relation,
                                   self.value(combination))

    def fact_pair(self, combination: Combination) -> Pair:
        """One hop: the English name is in the query."""
        shown = Content(texts.country_query(self.country(combination).name,
                                            combination.relation))
        return self._value_pair("fact", combination, shown,
                                self._careful(combination))

    def two_hop_pair(self, combination: Combination, form: Form,
                     hasty: bool = False) -> Pair:
        """A hasty trace names the relation and does not look anything up."""
        trace = (combination.relation if hasty
                 else self._careful(combination))
        return self._value_pair("two_hop", combination,
                                form.query(combination.relation), trace)

    def all_targets(self) -> list[Content]:
        """Each distinct value of the five relations, once."""
        values = {(r, c.facts[r]) for c in self._world.countries
                  for r in RELATIONS if r in c.facts}
        return [Content(texts.value_target(r, v)) for r, v in sorted(values)]

    def name_targets(self) -> list[Content]:
        return [Content(texts.value_target("name", c.name))
                for c in self._world.countries]
