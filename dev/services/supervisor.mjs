// Runs one command and ends it when the parent process ends, however it ends: the operating system closes
// the IPC channel even after kill -9, which no signal handler sees. Only Node's own modules: it also runs npm ci.
// Usage: node supervisor.mjs '{"stopSignal":"SIGINT","graceMs":10000}' command [args…], with an IPC channel.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const [options, command, ...args] = process.argv.slice(2);
const { stopSignal, graceMs } = JSON.parse(options);

// A separate process group: Ctrl-C in a terminal does not reach it, and the final SIGKILL reaches all of it.
const child = spawn(command, args, {
  stdio: ['ignore', 'inherit', 'inherit'],
  detached: true,
  windowsHide: true,
});
let isStopping = false;

function stop() {
  if (isStopping) return;
  isStopping = true;
  child.kill(stopSignal);
  setTimeout(killGroup, graceMs);
}

function killGroup() {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
}

process.on('disconnect', stop);
process.on('SIGTERM', stop);
// Ctrl-C reaches every process of the terminal; the launcher decides in which order services stop.
process.on('SIGINT', () => {});
process.on('SIGHUP', () => {});

// The callback ignores "channel closed": if the parent has already ended, 'disconnect' handles it.
child.on('spawn', () => process.send({ pid: child.pid }, () => {}));
child.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(127);
});
child.on('exit', (code, signal) => {
  // Ends processes that the command started in its group.
  if (isStopping) killGroup();
  process.exit(code ?? 128 + constants.signals[signal]);
});
