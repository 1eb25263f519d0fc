"""A SLURM of its own on one machine: real daemons, pretended nodes and GPUs, no systemd.

    python tests/slurm/cluster.py

runs one until it is interrupted, and says what to put into the environment to use it. Debian's
packages slurmctld, slurmd, slurm-client and munge are needed. All that is written is in a folder in
the temporary one; what was started is stopped by its process id.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

SYSTEM = "/usr/sbin:/usr/bin:/sbin:/bin"
DAEMONS = ("munged", "slurmctld", "slurmd")
CLIENTS = ("sbatch", "scancel", "scontrol", "sinfo", "squeue", "srun")
PATIENCE_SECONDS = 30
GPUS = {"n1": 2, "n2": 1}
"""The nodes, and how many GPUs each pretends to have."""

NODES = tuple(GPUS)

CONFIGURATION = """\
ClusterName=test
SlurmctldHost=localhost
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
MailProg=/bin/true
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
SlurmdParameters=config_overrides
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=bf_interval=1,sched_interval=1,batch_sched_delay=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
MinJobAge=3600
KillWait=2
SlurmdTimeout=30
GresTypes=gpu
AccountingStorageType=accounting_storage/none
"""

# The plugin asks `sacct` whenever the controller does not answer; without accounting, `squeue`
# knows what it would.
ACCOUNTS = """\
#!/bin/sh
case "$*" in
    *--name*) for name; do :; done; exec squeue --states=all --noheader -o '%i|%T' --name "$name" ;;
    *nodelist*) exit 0 ;;
esac
"""


def missing_programs() -> list[str]:
    """Return the programs of SLURM that this machine lacks."""
    return [name for name in (*DAEMONS, *CLIENTS) if shutil.which(name, path=SYSTEM) is None]


class Cluster:
    """Two nodes of `cpus` processors, with two pretended GPUs and one.

    Partitions: `main` (default), `gpu` (the first node), `single` (the second node), and `urgent`,
    whose jobs put those of the others back into the queue.
    """

    def __init__(self, folder: Path, cpus: int = 2, memory_mb: int = 16000) -> None:
        self.folder = folder
        self._cpus, self._memory_mb = cpus, memory_mb

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to use this cluster, its clients first on the path."""
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        return {"SLURM_CONF": str(self.folder / "slurm.conf"), "PATH": path}

    def call(self, *command: str) -> str:
        """Run one of SLURM's commands and return what it prints."""
        done = subprocess.run(
            command,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE_SECONDS,
        )
        return done.stdout

    def job(self, job: str) -> dict[str, str]:
        """Return what SLURM has recorded of a job."""
        words = self.call("scontrol", "show", "job", "--oneliner", job).split()
        return dict(word.split("=", 1) for word in words if "=" in word)

    def jobs(self) -> list[dict[str, str]]:
        """Return what SLURM has recorded of all jobs, in the order of their submission."""
        ids = self.call("squeue", "--states=all", "--noheader", "--format=%i").split()
        return [self.job(job) for job in sorted(ids, key=int)]

    def start(self) -> None:
        """Start all daemons and wait for the nodes."""
        self._write_files()
        self._start(
            *("munged", f"--key-file={self.folder}/munge.key", "--num-threads=2"),
            *(f"--socket={self.folder}/munge.socket", f"--pid-file={self.folder}/munged.pid"),
            *(f"--log-file={self.folder}/munged.log", f"--seed-file={self.folder}/munge.seed"),
        )
        wait_until((self.folder / "munge.socket").exists, "munge")
        self._start("slurmctld", "-c")
        for node in NODES:
            self._start("slurmd", "-N", node)
        wait_until(lambda: self._idle() == len(NODES), "idle nodes")

    def stop(self) -> None:
        """End all jobs, then all daemons."""
        with suppress(subprocess.SubprocessError):
            self.call("scancel", "--user", str(os.getuid()))
            wait_until(lambda: not self.call("squeue", "--noheader"), "an empty queue")
        for name in (*NODES, "slurmctld", "munged"):
            self.stop_daemon(name)
        self._kill_jobs()

    def _kill_jobs(self) -> None:
        """Kill jobs, and what has submitted them, that have ignored other signals."""
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if str(self.folder) in process.environ().get("PATH", ""):
                    process.kill()

    def stop_daemon(self, name: str, signal_: int = signal.SIGTERM) -> None:
        """Stop `n1`, `n2`, `slurmctld` or `munged`."""
        file = self.folder / f"{name}.pid"
        if not file.exists():
            return
        pid = int(file.read_text())
        with suppress(ProcessLookupError):
            os.kill(pid, signal_)
        try:
            wait_until(lambda: not is_running(pid), f"the end of {name}")
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
        file.unlink(missing_ok=True)

    def kill_controller(self, job: str) -> None:
        """Kill the controller once it has saved that a job runs.

        One that is killed before it has saved that starts the job a second time.
        """
        wait_until(lambda: self.job(job)["JobState"] == "RUNNING", f"job {job} to run")
        running = time.time()
        self.call("scontrol", "update", f"JobId={job}", "AdminComment=running")  # which it saves
        state = self.folder / "state" / "job_state"
        wait_until(lambda: state.stat().st_mtime > running, "the saved state")
        self.stop_daemon("slurmctld", signal.SIGKILL)

    def start_controller(self) -> None:
        """Start the controller again, with the jobs that it knew."""
        self._start("slurmctld")
        wait_until(lambda: self._answers("scontrol", "ping"), "the controller")

    def kill_node(self, node: str, job: str) -> None:
        """Kill a node and what the job that runs there has started, as if it lost its power."""
        self.stop_daemon(node, signal.SIGKILL)
        started = [process for process in psutil.process_iter() if belongs_to(process, job)]
        # First the daemons of the job, which would report that its processes have ended.
        for process in sorted(started, key=lambda process: process.name() != "slurmstepd"):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.call("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=killed")

    def start_node(self, node: str) -> None:
        """Start a node again and wait until it has come back by itself."""
        self._start("slurmd", "-N", node)
        wait_until(lambda: self._idle() == len(NODES), "idle nodes")

    def _start(self, *command: str) -> None:
        environment = {"PATH": SYSTEM, "SLURM_CONF": str(self.folder / "slurm.conf")}
        started = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            cwd=self.folder,
        )
        if started.returncode:
            raise RuntimeError(f"{command[0]} did not start: {started.stderr}")

    def _answers(self, *command: str) -> bool:
        try:
            return "DOWN" not in self.call(*command)
        except subprocess.SubprocessError:
            return False

    def _idle(self) -> int:
        try:
            nodes = self.call("sinfo", "--noheader", "-N", "-p", "main", "-t", "idle", "-o", "%N")
        except subprocess.SubprocessError:
            return 0
        return len(nodes.split())

    def _write_files(self) -> None:
        for name in ("bin", "state", *(f"spool/{node}" for node in NODES)):
            (self.folder / name).mkdir(parents=True)
        key = self.folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(secrets.token_bytes(128))
        (self.folder / "slurm.conf").write_text(self._configuration())
        (self.folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
        lines = []
        for node, gpus in GPUS.items():
            for card in [self.folder / f"{node}-gpu{number}" for number in range(gpus)]:
                card.symlink_to("/dev/null")  # SLURM wants a character device for each
                lines.append(f"NodeName={node} Name=gpu File={card}\n")
        (self.folder / "gres.conf").write_text("".join(lines))
        # SLURM_CONF is taken out of the environment within a job, the path is not.
        for name in CLIENTS:
            program = shutil.which(name, path=SYSTEM)
            self._write_program(
                name,
                f'#!/bin/sh\nSLURM_CONF={self.folder}/slurm.conf exec {program} "$@"\n',
            )
        self._write_program("sacct", ACCOUNTS)

    def _write_program(self, name: str, text: str) -> None:
        program = self.folder / "bin" / name
        program.write_text(text)
        program.chmod(0o755)

    def _configuration(self) -> str:
        ports = free_ports(1 + len(NODES))
        user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True)
        lines = [CONFIGURATION.format(folder=self.folder, port=ports[0], user=user.stdout.strip())]
        for node, port in zip(NODES, ports[1:], strict=True):
            lines.append(
                f"NodeName={node} NodeHostname=localhost NodeAddr=127.0.0.1 Port={port} "
                f"CPUs={self._cpus} SocketsPerBoard=1 CoresPerSocket={self._cpus} "
                f"ThreadsPerCore=1 RealMemory={self._memory_mb} Gres=gpu:{GPUS[node]}\n"
            )
        for partition, nodes, tier, default in (
            ("main", "ALL", 1, "YES"),
            ("gpu", NODES[0], 1, "NO"),
            ("single", NODES[1], 1, "NO"),
            ("urgent", "ALL", 10, "NO"),
        ):
            lines.append(
                f"PartitionName={partition} Nodes={nodes} Default={default} PriorityTier={tier} "
                "MaxTime=24:00:00 DefaultTime=00:30:00 DefMemPerCPU=500\n"
            )
        return "".join(lines)


@contextmanager
def running_cluster(cpus: int = 2) -> Iterator[Cluster]:
    """Run a cluster in a folder of its own, with a path short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="slurm-") as folder:
        Path(folder).chmod(0o711)  # munge wants its socket to be reached by all
        cluster = Cluster(Path(folder), cpus=cpus)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()


def wait_until(holds: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Ask again and again until it holds, and raise TimeoutError if it does not in time."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(0.1)


def is_running(pid: int) -> bool:
    """Tell whether a process lives; one that has ended and was not asked for does not."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    state = status.split("State:", 1)[1].split()[0]
    return state not in "ZX"


def belongs_to(process: psutil.Process, job: str) -> bool:
    """Tell whether a job has started a process, or watches over it."""
    with suppress(psutil.Error, IndexError):
        return (
            process.cmdline()[0].startswith(f"slurmstepd: [{job}.")
            or process.environ().get("SLURM_JOB_ID") == job
        )
    return False


def free_ports(count: int) -> Sequence[int]:
    """Return ports that nothing listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


if __name__ == "__main__":
    with running_cluster() as running:
        for name, value in running.environment.items():
            sys.stdout.write(f"export {name}='{value}'\n")
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            signal.pause()
