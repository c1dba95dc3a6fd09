# SPDX-License-Identifier: MIT
"""Faults put into conduit, rendezvous, connect and encryption by hand: a simulation or a test must find
each.

A mutant is one replaced piece of a source file. It is compiled as the test program's own object was
and linked before the library that holds the right one; the program must then fail.
"""
from __future__ import annotations

import json
import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
BUILD = REPOSITORY / os.environ.get("MINDMELD_BUILD", "build")

CONDUIT = ("src/wire/conduit.cc", "tests/sim_conduit")
WINDOW = ("src/wire/conduit.cc", "tests/unit_wire")  # right bytes pass through any
RENDEZVOUS = ("src/router/rendezvous.cc", "tests/sim_world")
# What honest ends make up for, or never do, so that no simulation of them sees it.
RENDEZVOUS_RULES = ("src/router/rendezvous.cc", "tests/unit_router")
CONNECTOR = ("src/connect/connector.cc", "tests/sim_world")
REPLAY = ("src/wire/replay.cc", "tests/sim_conduit")
SEALED = ("src/tunnel/sealed_stream.cc", "tests/unit_tunnel")
TLS = ("src/secure/tls.cc", "tests/unit_secure")
TICKETS = ("src/share/ticket_book.cc", "tests/unit_share")


@dataclass(frozen=True)
class Mutant:
    """`right` is replaced by `wrong` in the first file; the second, a program, must notice."""

    where: tuple[str, str]
    right: str
    wrong: str = ""


MUTANTS = {
    "bytes lost with a lane are not sent again": Mutant(CONDUIT, "  next_ = una();\n"),
    "bytes that the peer has are sent again": Mutant(
        CONDUIT, "    next_ = std::max(next_, *frame.received);\n"
    ),
    "overlap is not trimmed": Mutant(
        CONDUIT, "      piece.remove_prefix(static_cast<size_t>(received_ - offset));"
    ),
    "a gap is left": Mutant(CONDUIT, "      next_ += frame.data_bytes();", "      next_ = data_end;"),
    "credit is given on receipt": Mutant(
        CONDUIT,
        "limit = std::max(granted_, delivered_ + window_);\n  if (frame.attach ||",
        "limit = std::max(granted_, received_data() + window_);\n  if (frame.attach ||",
    ),
    "an acknowledgement lost with a lane is not repeated": Mutant(
        CONDUIT, "  acknowledged_ = greeted_received_;\n"
    ),
    "credit lost with a lane is not repeated": Mutant(CONDUIT, "  told_limit_ = greeted_limit_;\n"),
    "only this lane's bytes may be acknowledged": Mutant(
        CONDUIT, "*frame.received > sent_)", "*frame.received > next_)"
    ),
    "a greeting may not know less": Mutant(
        CONDUIT, "!may_be_stale && *frame.received < una()", "*frame.received < una()"
    ),
    "the FIN overtakes bytes": Mutant(
        CONDUIT, "fin_queued_ && next_ == replay_.end()", "fin_queued_"
    ),
    "a reset overtakes bytes": Mutant(CONDUIT, "local_reset_ && frame.data.empty()", "local_reset_"),
    "a reset lost with a lane is not repeated": Mutant(CONDUIT, "  reset_sent_ = false;\n"),
    "the FIN counts as acknowledged with the last byte": Mutant(
        CONDUIT, "*frame.received > replay_.end();", "*frame.received >= replay_.end();"
    ),
    "the FIN's acknowledgement is taken back": Mutant(
        CONDUIT, "fin_acknowledged_ = fin_acknowledged_ || *frame", "fin_acknowledged_ = *frame"
    ),
    "what the peer has stays in memory": Mutant(
        REPLAY, "      pinned_bytes_ -= front.pinned_bytes();\n      blocks_", "      blocks_"
    ),
    "a token that is refused early is not replaced": Mutant(
        CONNECTOR,
        "  connection.again_timer.after(connection.backoff.next(now), [this, &tunnel] { again(tunnel); });",
        "  tunnel.abort({ResetCode::kRefused, base::message(status)});",
    ),
    "the budget is not asked": Mutant(
        CONDUIT, "floor + budget_.available_bytes()", "floor + kWindowBytesMax"
    ),
    "all is kept that a peer grants": Mutant(
        WINDOW, "std::clamp(replay_.una(), kFirstWindowBytes, kWindowBytesMax);", "kWindowBytesMax;"
    ),
    "a window grows however long it lasts": Mutant(
        WINDOW, "(passed - kSlack) / kRoundTripsMax <= round_trip_", "true"
    ),
    "a new lane is as long as the one before": Mutant(
        WINDOW, "  round_trip_ = base::Duration::max();"
    ),
    "what was short on one lane is on the next": Mutant(
        WINDOW, "  watched_.reset();\n  window_is_short_ = false;\n", "  watched_.reset();\n"
    ),
    "any generation may join": Mutant(
        RENDEZVOUS_RULES, "  if (is_older) {", "  if (is_older && is_first) {"
    ),
    "a token is taken twice": Mutant(
        RENDEZVOUS_RULES, "if (entry.joined && is_first) return", "if (false) return"
    ),
    "generations change places": Mutant(
        RENDEZVOUS_RULES, "generations[is_share ? 0 : 1], generations[is_share ? 1 : 0]",
        "generations[is_share ? 1 : 0], generations[is_share ? 0 : 1]",
    ),
    "a lane that goes takes its bridge's entry along": Mutant(
        RENDEZVOUS,
        "  stop_waiting(found);\n  if (!found->second.joined) erase(found);\n}\n\nvoid Rendezvous::over",
        "  erase(found);\n}\n\nvoid Rendezvous::over",
    ),
    "what is over is kept": Mutant(
        RENDEZVOUS, "  if (!found->second.waiting) erase(found);\n"
    ),
    "a share is not told of a lane": Mutant(RENDEZVOUS, "return host_.announce(request);", "return;"),
    "every attach is announced": Mutant(
        RENDEZVOUS_RULES, "  lane->admit();\n", "  lane->admit();\n  host_.announce(request);\n"
    ),
    "lanes wait longer than their ends": Mutant(
        RENDEZVOUS_RULES, "now + limits_.lane_wait", "now + std::chrono::seconds(30)"
    ),
    "lanes wait without an end": Mutant(
        RENDEZVOUS_RULES, "  set_deadline(found, now + limits_.lane_wait);\n"
    ),
    "a used token stays counted": Mutant(RENDEZVOUS, "  --unused_count_;\n"),
    "a token whose first lane was refused is good for another": Mutant(
        RENDEZVOUS_RULES, "    if (is_spent) erase(found);\n"
    ),
    "an unknown token needs no service": Mutant(
        RENDEZVOUS_RULES, "if (!host_.has_service(request.service))", "if (false)"
    ),
    "an end needs no close_notify": Mutant(
        SEALED, "if (session_->is_ended() && inner_) return", "if (inner_) return"
    ),
    "records count as taken when they are decrypted": Mutant(
        SEALED, "return std::min(std::max(pending_.size(), least), received_ahead_);", "return 0;"
    ),
    "the end is let pass before the target is there": Mutant(
        SEALED, "was_established_ && has_proof() && !inner_ ? 1 : 0", "0"
    ),
    "the session's own words wake nobody": Mutant(
        SEALED, "  if (session_->output_bytes() > 0) wake_reader();\n  const", "  const"
    ),
    "any key is the share's": Mutant(
        TLS, "if (!is_it) X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);\n    return is_it ? 1 : 0;",
        "return 1;",
    ),
    "something may follow an end": Mutant(TLS, "if (is_ended() && !ciphertext.empty())", "if (false)"),
    "a ticket is good for ever": Mutant(
        TICKETS, "if (!is_it || grant.expires_s <= now_s)", "if (!is_it)"
    ),
    "a withdrawn ticket is still known": Mutant(
        TICKETS, "return secure::equal(secure::sha256(grant.secret.reveal()), secret_id);",
        "return true;",
    ),
}


def compile_mutant(mutant: Mutant, folder: Path) -> Path:
    """The program with the fault in it."""
    source, program = mutant.where
    text = (REPOSITORY / source).read_text(encoding="utf-8")
    assert text.count(mutant.right) == 1, f"{source} has changed: {mutant.right!r}"
    mutated = folder / "mutant.cc"
    mutated.write_text(text.replace(mutant.right, mutant.wrong), encoding="utf-8")

    listed = json.loads((BUILD / "compile_commands.json").read_text(encoding="utf-8"))
    command = next(entry["command"] for entry in listed if is_compiled(entry, source))
    compiling = shlex.split(command)
    compiling = compiling[: compiling.index("-MD")]  # what comes after is ninja's and the files'
    item = folder / "mutant.o"
    run([*compiling, "-w", "-O1", "-o", str(item), "-c", str(mutated)])

    commands = subprocess.run(
        ["ninja", "-C", str(BUILD), "-t", "commands", program],
        stdout=subprocess.PIPE, text=True, check=True,
    )
    linking = shlex.split(commands.stdout.splitlines()[-1])
    binary = folder / "program"
    linking[linking.index("-o") + 1] = str(binary)
    # The first definition counts; the library has the right one, beside others that are needed.
    place = linking.index("-o") + 2
    linking[place:place] = [str(item), "-Wl,--allow-multiple-definition"]
    run(linking)
    return binary


def is_compiled(entry: dict[str, str], source: str) -> bool:
    """Does this compiler's command compile this file, by itself or with others of its layer?"""
    file = BUILD / entry["file"]
    is_together = "-unity" in file.name and f"/{source}>" in file.read_text(encoding="utf-8")
    return is_together or entry["file"].endswith(source)


def run(command: list[str]) -> None:
    """A step of the build; its own words are the failure's."""
    done = subprocess.run(command, cwd=BUILD, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def passes(mutant: Mutant, folder: Path) -> bool:
    """Does the program find nothing wrong?"""
    done = subprocess.run(
        [str(compile_mutant(mutant, folder)), "--abort-after=1"],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=120,
    )
    return done.returncode == 0


@pytest.mark.parametrize("where", [CONDUIT, RENDEZVOUS_RULES])
def test_the_right_code_passes(where: tuple[str, str], tmp_path: Path) -> None:
    text = (REPOSITORY / where[0]).read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("namespace mm::"))
    assert passes(Mutant(where, f"\n{line}\n", f"\n{line}\n"), tmp_path)


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS)
def test_is_caught(mutant: Mutant, tmp_path: Path) -> None:
    assert not passes(mutant, tmp_path), "nothing noticed it"
