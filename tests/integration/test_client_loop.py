"""The background event loop: results, Ctrl-C, forks, and a quiet end of the interpreter."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from ccdbapi.cloudcontrol.loop import run, submit
from ccdbapi.exceptions import InterfaceError

TESTS = Path(__file__).parent.parent


async def value(of: object) -> object:
    await asyncio.sleep(0)
    return of


async def failing() -> None:
    raise LookupError("as it was raised")


async def name_of_thread() -> str:
    return threading.current_thread().name


def python(program: str) -> subprocess.CompletedProcess[str]:
    """Runs a program in an interpreter of its own in which every warning is an error."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(program)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_run_returns_what_the_coroutine_returns() -> None:
    assert run(value(5)) == 5


def test_run_raises_what_the_coroutine_raises() -> None:
    with pytest.raises(LookupError, match="as it was raised"):
        run(failing())


def test_all_threads_share_one_loop_thread() -> None:
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        assert set(threads.map(lambda _: run(name_of_thread()), range(32))) == {"ccdbapi"}


def test_submit_does_not_wait() -> None:
    gate = threading.Event()
    future = submit(asyncio.to_thread(gate.wait))
    assert not future.done()
    gate.set()
    assert future.result() is True


def test_cancelling_a_submitted_coroutine_reaches_it() -> None:
    begun, ended = threading.Event(), threading.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    future = submit(work())
    begun.wait()
    assert future.cancel()
    assert ended.wait(10)


def test_a_coroutine_that_is_cancelled_from_within_says_so() -> None:
    async def work() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.Event().wait()

    with pytest.raises(concurrent.futures.CancelledError):
        run(work())


def test_waiting_for_the_loop_on_the_loop_is_refused() -> None:
    async def nested() -> object:
        return run(value(5))

    with pytest.raises(InterfaceError, match="blocking interface"):
        run(nested())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends Ctrl-C to a whole group of processes")
def test_ctrl_c_cancels_the_coroutine_and_is_raised_again() -> None:
    cancelled = threading.Event()

    async def work() -> None:
        # The main thread may not be waiting yet: then the signal finds it on its way there, to the same effect.
        os.kill(os.getpid(), signal.SIGINT)
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            run(work())
    finally:
        signal.signal(signal.SIGINT, previous)
    assert cancelled.is_set()
    assert run(value(5)) == 5


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no way to send Ctrl-C to one thread")
def test_ctrl_c_in_the_instant_before_the_thread_falls_asleep_is_noticed() -> None:
    """That is too late for Python to see, and too early to wake the thread: of a hundred, some come just then."""
    too_late: list[int] = []

    async def run_until_too_late(number: int, begun: threading.Event) -> None:
        begun.set()
        await asyncio.sleep(5)
        too_late.append(number)

    def press(begun: threading.Event, number: int) -> None:
        begun.wait()
        for _ in range(number % 60):
            pass
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    for number in range(100):
        begun = threading.Event()
        thread = threading.Thread(target=press, args=[begun, number])
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            run(run_until_too_late(number, begun))
        thread.join()
    assert not too_late


def test_importing_starts_no_thread() -> None:
    finished = python("""
        import sys, threading
        import ccdbapi.cloudcontrol.loop, ccdbapi.cloudcontrol.client
        assert threading.active_count() == 1
        assert not {"aiohttp", "boto3", "botocore"} & set(sys.modules)
    """)
    assert (finished.returncode, finished.stderr) == (0, "")


CLIENT = """
    import asyncio, os, sys, threading
    from cloudcontrol_server import ACCESS_KEY, SECRET_KEY, serve
    from ccdbapi.cloudcontrol.aiohttp_transport import AiohttpTransport
    from ccdbapi.cloudcontrol.aws_session import AwsSession
    from ccdbapi.cloudcontrol.client import Client
    from ccdbapi.cloudcontrol.loop import run, submit

    def serving(ready, urls, stop):
        async def main():
            async with serve() as server:
                urls.append(server.url)
                ready.set()
                await asyncio.to_thread(stop.wait)
        asyncio.run(main())

    ready, stop, urls = threading.Event(), threading.Event(), []
    serving_thread = threading.Thread(target=serving, args=(ready, urls, stop))
    serving_thread.start()
    ready.wait()
    aws = AwsSession(aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, endpoint_url=urls[0])
    client = Client(AiohttpTransport(aws))
    def get():
        assert run(client.get_resource("eu-west-1", "AWS::S3::Bucket", "a")) == '{"A":1}'
    get()
"""


@pytest.mark.usefixtures("no_aws")
@pytest.mark.parametrize(
    "end",
    [
        pytest.param("run(client.close())", id="closed"),
        pytest.param("pass", id="never closed"),
        pytest.param("del client; import gc; gc.collect(); run(asyncio.sleep(0))", id="collected"),
        pytest.param("submit(asyncio.Event().wait())", id="a coroutine still waiting"),
        pytest.param("submit(client.wait('eu-west-1', __import__('ccdbapi.cloudcontrol.progress', fromlist='x')"
                     ".ProgressEvent(operation_status='PENDING', request_token='t')))", id="a call still under way"),
    ],
)  # fmt: skip
def test_the_interpreter_ends_without_a_word(end: str) -> None:
    finished = python(f"{CLIENT}\n    {end}\n    stop.set()\n    serving_thread.join()\n    print('done')")
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "done\n", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.usefixtures("no_aws")
def test_a_forked_child_works_and_leaves_its_parent_alone() -> None:
    finished = python(
        CLIENT
        + """
    import gc, warnings
    warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of every fork in a process with threads
    waiting = submit(asyncio.Event().wait())
    child = os.fork()
    if not child:
        get()
        inherited = client
        client = Client(AiohttpTransport(aws))
        get()
        del inherited
        gc.collect()
        sys.exit(0)
    status = os.waitpid(child, 0)[1]
    for _ in range(3):
        get()
    run(client.close())
    stop.set()
    serving_thread.join()
    print("child", os.waitstatus_to_exitcode(status))
"""
    )
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "child 0\n", "")
