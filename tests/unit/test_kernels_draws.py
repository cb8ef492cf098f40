"""The vectorised generator gives the contract's draws; workers meet where they must."""

import threading

import numpy as np
from numba import njit

from bsc.numerics.draws import Purpose, element_draws, lane_draws
from bsc.numerics.philox import philox4x32
from bsc_runtime.kernels import philox
from bsc_runtime.kernels.gate import meet
from bsc_runtime.kernels.philox import LANES


@njit
def _draw(words, blocks, count, purpose, layer, index, pass_, key_0, key_1):
    philox.draw(words, blocks, count, purpose, layer, index, pass_, key_0, key_1)


def _words(blocks, **fields):
    given = {"purpose": 0, "layer": 0, "index": 0, "pass_": 0, "key_0": 0, "key_1": 0, **fields}
    padded = np.zeros((len(blocks) + LANES - 1) // LANES * LANES, np.int64)
    padded[: len(blocks)] = blocks
    words = np.zeros(4 * padded.size, np.uint32)
    _draw(words, padded, len(blocks), *(np.int64(v) for v in given.values()))
    return words.reshape(-1, 4)[: len(blocks)]


def test_words_of_the_authors_known_answers():
    # Counter and key all zero, and all ones, of Philox4x32-10 in the authors' kat_vectors.
    zeros = [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    assert _words([0])[0].tolist() == zeros
    ones = _words(
        [0xFFFFFFFF],
        purpose=0xFF,
        layer=0xFFFFFF,
        index=0xFFFF_FFFFFFFF,
        pass_=0xFFFF,
        key_0=0xFFFFFFFF,
        key_1=0xFFFFFFFF,
    )
    assert ones[0].tolist() == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]


def test_any_blocks_and_keys_agree_with_the_reference():
    random = np.random.default_rng(5)
    for count in (1, 7, 8, 9, 40):
        blocks = random.integers(0, 1 << 32, count)
        key_0, key_1 = (int(k) for k in random.integers(0, 1 << 32, 2))
        index, pass_ = int(random.integers(0, 1 << 48)), int(random.integers(0, 1 << 16))
        expected = philox4x32(
            key_0, key_1, blocks, 5 << 24 | 3, index & 0xFFFFFFFF, pass_ << 16 | index >> 32
        )
        given = {"purpose": 5, "layer": 3, "index": index, "pass_": pass_}
        words = _words(blocks, **given, key_0=key_0, key_1=key_1)
        np.testing.assert_array_equal(words, expected)


def test_halves_of_words_are_elements_and_lanes():
    seed = 0x1234_5678_9ABC_DEF0
    keys = {"key_0": seed & 0xFFFFFFFF, "key_1": seed >> 32}
    words = _words(range(4), purpose=2, layer=1, index=77, pass_=3, **keys)
    elements = element_draws(seed, Purpose.Z, 1, np.array([77]), 32, pass_=3)
    np.testing.assert_array_equal(words.reshape(-1).view(np.uint16), elements[0])
    words = _words([11, 12], purpose=5, layer=2, index=9, pass_=1 << 12, **keys)
    lanes = lane_draws(seed, Purpose.PULSE, 2, np.array([11, 12]), index=9, pass_=1 << 12)
    np.testing.assert_array_equal(words[:, 0] & 0xFFFF, lanes[0])
    np.testing.assert_array_equal(words[:, 0] >> 16, lanes[1])


@njit(nogil=True)
def _rounds(gate, marks, worker, workers, rounds):
    """Each round, mark the own place, meet, and look at the others' marks."""
    late = 0
    meeting = 0
    for this in range(1, rounds + 1):
        marks[worker] = this
        meeting += 1
        meet(gate, workers, meeting)
        for other in range(workers):
            late += marks[other] != this
        meeting += 1
        meet(gate, workers, meeting)
    return late


def test_no_worker_passes_a_gate_before_all_have_come():
    workers, rounds = 3, 2000
    gate, marks = np.zeros(8, np.int64), np.zeros(workers, np.int64)
    _rounds(np.zeros(8, np.int64), marks, 0, 1, 0)  # compiled before anybody waits
    late = [0] * workers

    def work(worker):
        late[worker] = _rounds(gate, marks, worker, workers, rounds)

    threads = [threading.Thread(target=work, args=(w,)) for w in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert late == [0] * workers
    assert gate[0] == 2 * rounds * workers
