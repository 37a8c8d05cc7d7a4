"""Arranges training pairs in blocks whose targets are all different.

Training reads the files in order, so a block is a batch and its targets are
each other's negatives.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import TypeVar

from builder import splits
from builder.country_tasks import CountryTasks
from builder.emoji_tasks import EmojiTasks, page_questions
from builder.facts import RELATIONS
from builder.records import Deck, Pair
from builder.world import ALL_MOTIONS, World

SFT_BLOCK = 32
RL_BLOCK = 16
NUM_NAMES, NUM_FACTS, NUM_TWO_HOPS = 5, 6, 13  # T1, T2, T3 of an SFT block
NUM_EMOJI_PAIRS = SFT_BLOCK - NUM_NAMES - NUM_FACTS - NUM_TWO_HOPS
HASTY_SHARE = 0.5

Item = TypeVar("Item")


class _Hand:
    """The pairs of one block; refuses a subject that it already has."""

    def __init__(self) -> None:
        self.pairs: list[Pair] = []
        self.subjects: set[str] = set()

    def add(self, deck: Deck[Item], make: Callable[[Item], Pair]) -> Pair:
        """Adds the pair of the deck's next item that fits."""
        item = deck.deal(lambda i: make(i).subject not in self.subjects)
        pair = make(item)
        self.subjects.add(pair.subject)
        self.pairs.append(pair)
        return pair


class _EmojiHand:
    """Fills a block's eight places for the breadth tasks."""

    def __init__(self, world: World) -> None:
        draw = splits.stream("sft", "emoji")
        train = world.emojis.train
        self._world = world
        self._tasks = EmojiTasks(
            world, lambda name: world.train_view(name, draw.randrange(10**6)))
        self._pictures = Deck(train, draw)
        self._words = Deck(train, draw)
        self._styles = Deck(world.drawn(train) or train, draw)
        self._foreign = Deck([(e, l) for e in train for l in e.forms], draw)
        self._clips = Deck([(e, m) for e in world.clip_emojis()
                            for m in ALL_MOTIONS], draw)
        questions = [(p, q) for p in world.train_pages
                     for q in page_questions(p.emojis)]
        self._counts = Deck(questions, draw)
        self._besides = Deck([i for i in questions if i[1].beside], draw)
        self._pages = Deck(world.train_pages, draw)

    def fill(self, hand: _Hand, block: int) -> None:
        tasks = self._tasks
        for _ in range(2):
            hand.add(self._pictures, tasks.picture_name)
            hand.add(self._foreign, lambda i: tasks.word_name(*i))
        hand.add(self._words, tasks.word_picture)
        hand.add(self._styles, tasks.style if self._world.has_style
                 else tasks.picture_name)
        hand.add(self._clips, lambda i: (
            tasks.clip_motion(*i) if block % 2 else tasks.clip_name(*i)))
        if block % 3 == 0:
            hand.add(self._counts, lambda i: tasks.page_count(
                i[0].path, i[0].emojis, i[1]))
        elif block % 3 == 1:
            hand.add(self._besides, lambda i: tasks.page_beside(
                i[0].path, i[0].emojis, i[1]))
        else:
            hand.add(self._pages, lambda p: tasks.page_find(p.path, p.emojis))


def sft_pairs(world: World) -> Iterator[tuple[Pair, Pair]]:
    """(mixed, clean) twins in file order: clean ones have careful traces.

    T3 comes from the `sft` combinations only; T1 and T2 from all.
    """
    tasks, emoji = CountryTasks(world), _EmojiHand(world)
    draw = splits.stream("sft", "country")
    everything = [c for part in world.combinations.values() for c in part]
    names = Deck(world.countries, draw)
    known = Deck(sorted(everything, key=lambda c: c.key), draw)
    hops = Deck(world.combinations["sft"], draw)
    for block in range(world.options.sft_blocks):
        hand, twins = _Hand(), []
        for _ in range(NUM_TWO_HOPS):
            hop = hops.deal(lambda c: tasks.subject(c) not in hand.subjects)
            hand.subjects.add(tasks.subject(hop))
            form = tasks.draw_form(tasks.country(hop), draw)
            hasty = draw.random() < HASTY_SHARE
            twins.append((tasks.two_hop_pair(hop, form, hasty),
                          tasks.two_hop_pair(hop, form)))
        for _ in range(NUM_NAMES):
            hand.add(names, lambda c: tasks.name_pair(
                c, tasks.draw_form(c, draw)))
        for _ in range(NUM_FACTS):
            hand.add(known, tasks.fact_pair)
        emoji.fill(hand, block)
        twins += [(pair, pair) for pair in hand.pairs]
        draw.shuffle(twins)
        yield from twins


def rl_pairs(world: World) -> Iterator[Pair]:
    """T3 on the `rl` combinations; each block has two relations.

    The other values of the same relation are the hard negatives.
    """
    tasks, draw = CountryTasks(world), splits.stream("rl")
    by_relation = {r: [c for c in world.combinations["rl"] if c.relation == r]
                   for r in RELATIONS}
    half = RL_BLOCK // 2
    wide = [r for r, part in by_relation.items()
            if len({tasks.value(c) for c in part}) >= half]
    decks = {r: Deck(by_relation[r], draw) for r in wide}
    couples = Deck(list(itertools.combinations(wide, 2)), draw)
    for _ in range(world.options.rl_blocks):
        hand = _Hand()
        for relation in couples.deal():
            for _ in range(half):
                hand.add(decks[relation], lambda c: tasks.two_hop_pair(
                    c, tasks.draw_form(tasks.country(c), draw)))
        draw.shuffle(hand.pairs)
        yield from hand.pairs
