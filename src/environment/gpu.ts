/**
 * Finds the GPUs that a program started here would see, without torch: by nvidia-smi, else by the driver's own library
 * (containers often have that alone), heeding CUDA_VISIBLE_DEVICES. That there are none is no problem: the architectures
 * can be named.
 */
import { quietly } from "../base/quietly.ts";
import { unique } from "../base/order.ts";
import type { Memory } from "./cache.ts";
import type { Gpu, Python } from "./environment.ts";
import type { Look } from "./look.ts";

/** Where nvidia-smi lies when it is not on the search path: WSL, NVIDIA's installer for Windows. */
const otherPlaces = ["/usr/lib/wsl/lib/nvidia-smi", "/usr/local/nvidia/bin/nvidia-smi"];
const windowsPlaces = [
  "C:\\Windows\\System32\\nvidia-smi.exe",
  "C:\\Program Files\\NVIDIA Corporation\\NVSMI\\nvidia-smi.exe",
];

/** A hanging driver must not hang a build. */
const timeoutMs = 15_000;

interface Device extends Gpu {
  readonly index: number;
  readonly uuid: string;
}

/**
 * Asks the driver's library, by ctypes: one line for each device, in nvidia-smi's words and order. The variables that hide
 * and order devices are taken away first; what they say is applied to the answer.
 */
const driverScript = `
import ctypes, os, sys
os.environ.pop("CUDA_VISIBLE_DEVICES", None)
os.environ["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
try:
    cuda = ctypes.CDLL("nvcuda.dll" if os.name == "nt" else "libcuda.so.1")
except OSError as problem:
    sys.exit(str(problem))
def call(name, *args):
    status = getattr(cuda, name)(*args)
    if status:
        sys.exit("%s: error %d" % (name, status))
def integer(name, *args):
    value = ctypes.c_int()
    call(name, ctypes.byref(value), *args)
    return value.value
call("cuInit", 0)
for index in range(integer("cuDeviceGetCount")):
    device = integer("cuDeviceGet", index)
    name = ctypes.create_string_buffer(256)
    call("cuDeviceGetName", name, 256, device)
    raw = (ctypes.c_ubyte * 16)()
    call("cuDeviceGetUuid", raw, device)
    text = "".join("%02x" % each for each in raw)
    uuid = "-".join([text[:8], text[8:12], text[12:16], text[16:20], text[20:]])
    major, minor = (integer("cuDeviceGetAttribute", which, device) for which in (75, 76))
    print("%d, GPU-%s, %s, %d.%d, [N/A]" % (index, uuid, name.value.decode("utf-8", "replace"), major, minor))
`;

interface Answer {
  readonly devices: readonly Device[];
  /** Who was asked. */
  readonly by: string;
}

/** Finds the visible GPUs. */
export async function findGpus(look: Look, memory: Memory, python: Python | undefined): Promise<readonly Gpu[]> {
  const note = (where: string, outcome: "chosen" | "missing" | "rejected", why: string): void =>
    look.note({ what: "gpu", where, outcome, why });
  if (look.host.platform === "darwin") {
    note("macOS", "missing", "no NVIDIA GPU works here");
    return [];
  }
  const answer = (await bySmi(look, memory)) ?? (await byDriver(look, memory, python));
  if (answer === undefined) return [];
  const { devices, by } = answer;
  const mask = look.host.env["CUDA_VISIBLE_DEVICES"];
  const visible = visibleDevices(devices, mask);
  const hidden = devices.length - visible.length;
  const suffix = mask === undefined ? "" : `, ${hidden} of ${devices.length} hidden by CUDA_VISIBLE_DEVICES=${mask}`;
  const names = visible.map(({ name, computeCapability }) => `${name} (${computeCapability.join(".")})`);
  note(by, visible.length === 0 ? "rejected" : "chosen", `${names.join(", ") || "none visible"}${suffix}`);
  return visible.map(({ name, computeCapability, driverVersion: driver }) => ({
    name,
    computeCapability,
    ...(driver === undefined ? {} : { driverVersion: driver }),
  }));
}

async function bySmi(look: Look, memory: Memory): Promise<Answer | undefined> {
  const places = look.host.platform === "win32" ? windowsPlaces : otherPlaces;
  const program = look.program("nvidia-smi", look.host.cwd) ?? places.find((path) => look.isProgram(path));
  if (program === undefined) {
    const driver = driverVersion(look);
    const also = driver === undefined ? "" : `, though the driver ${driver} is loaded`;
    look.note({ what: "gpu", where: "`nvidia-smi`", outcome: "missing", why: `no such command${also}` });
    return undefined;
  }
  const fields = "index,uuid,name,compute_cap,driver_version";
  const command = [program, `--query-gpu=${fields}`, "--format=csv,noheader"];
  return asked(look, memory, { by: `\`${program}\``, command });
}

/** Only where the driver's devices are there: starting Python costs more than looking for them. */
async function byDriver(look: Look, memory: Memory, python: Python | undefined): Promise<Answer | undefined> {
  if (python === undefined || look.host.platform !== "linux") return undefined;
  if (!["/dev/nvidiactl", "/dev/dxg"].some((path) => look.stat(path) !== undefined)) return undefined;
  const driver = driverVersion(look);
  const answer = await asked(look, memory, {
    by: "the driver's library (`libcuda.so.1`)",
    command: [python.executable, "-I", "-c", driverScript],
  });
  return answer === undefined || driver === undefined
    ? answer
    : { ...answer, devices: answer.devices.map((device) => ({ ...device, driverVersion: driver })) };
}

async function asked(
  look: Look,
  memory: Memory,
  { by, command }: { readonly by: string; readonly command: readonly string[] },
): Promise<Answer | undefined> {
  let why = "it lists none";
  const devices = await memory.part(look, "gpu", [...command], async (inner) => {
    witnessDevices(inner);
    const answer = await ask(inner, command);
    if (typeof answer !== "string") return answer;
    why = answer;
    return undefined;
  });
  if (devices !== undefined && devices.length > 0) return { devices, by };
  look.note({ what: "gpu", where: by, outcome: "missing", why });
  return undefined;
}

/** Devices come and go as files of the driver: their names stand for what nvidia-smi would say. */
function witnessDevices(look: Look): void {
  if (look.host.platform !== "linux") return;
  look.list("/dev", { prefix: "nvidia" });
  look.list("/proc/driver/nvidia/gpus");
}

async function ask(look: Look, command: readonly string[]): Promise<readonly Device[] | string> {
  look.stat(command[0] ?? "");
  const result = await look.run(command, { timeoutMs, tolerant: true });
  if (result.timedOut) return "it did not answer in time";
  if (result.startError !== undefined) return `it cannot be started (${result.startError})`;
  if (result.exitCode !== 0) {
    const said = `${result.stdout}\n${result.stderr}`.split("\n").find((line) => line.trim() !== "");
    return said?.trim() ?? `exit code ${result.exitCode ?? "unknown"}`;
  }
  return parseSmi(result.stdout);
}

/** Reads the lines of `index, uuid, name, compute_cap, driver_version`. A name may hold commas, the others not. */
export function parseSmi(text: string): Device[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const match = /^(\d+), ([^,]+), (.+), (\d+)\.(\d+), ([^,]+)$/.exec(line.trim());
    const [, index, uuid, name, major, minor, driver] = match ?? [];
    if (index === undefined || uuid === undefined || name === undefined || driver === undefined) return [];
    const device: Device = {
      index: Number(index),
      uuid,
      name,
      computeCapability: [Number(major), Number(minor)],
      ...(driver.startsWith("[") ? {} : { driverVersion: driver }),
    };
    return [device];
  });
}

/**
 * The devices that CUDA_VISIBLE_DEVICES leaves, in its order: numbers or beginnings of UUIDs, up to the first that is
 * none (CUDA's own rule). The UUID of a part of a GPU (`MIG-…`) does not tell of which since driver R470: all that can be
 * divided, which no GPU before 8.0 can, may be meant. CUDA counts the fastest first where nvidia-smi counts by bus; for the set of architectures
 * that makes no difference unless cards of several kinds are hidden by number.
 */
export function visibleDevices<
  T extends { readonly index: number; readonly uuid: string; readonly computeCapability: readonly [number, number] },
>(devices: readonly T[], mask: string | undefined): readonly T[] {
  if (mask === undefined) return devices;
  const visible: T[] = [];
  for (const word of mask.split(",").map((each) => each.trim())) {
    const device = /^\d+$/.test(word)
      ? devices.find(({ index }) => index === Number(word))
      : word === ""
        ? undefined
        : devices.find(({ uuid }) => uuid.startsWith(word) || (word.startsWith("MIG-") && word.includes(uuid)));
    if (device === undefined && /^MIG-[0-9a-f]{4,}/i.test(word)) {
      const dividable = devices.filter(({ computeCapability: [major] }) => major >= 8);
      return unique([...visible, ...(dividable.length > 0 ? dividable : devices)]);
    }
    if (device === undefined || visible.includes(device)) break;
    visible.push(device);
  }
  return visible;
}

/** The version of a loaded driver: `NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue …`. */
function driverVersion(look: Look): string | undefined {
  if (look.host.platform !== "linux") return undefined;
  const path = "/proc/driver/nvidia/version";
  // Its times are always those of the moment: no witness.
  const text = quietly(() => look.host.fs.readText(path)) ?? "";
  return /Kernel Module(?: for \S+)?\s+(\d+(?:\.\d+)+)/.exec(text)?.[1];
}
