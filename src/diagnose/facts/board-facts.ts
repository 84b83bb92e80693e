/**
 * Which GPU or board the text is of, and what its driver knows: names of GPUs, of NVIDIA's Jetsons, versions of the driver.
 * Reads one line at a time; it does not know what is built for them.
 */
import { cudaOfDriver } from "../../environment/driver-versions.ts";
import { capabilityOfName, gfxOfName } from "../tables/gpu-names.ts";

export interface BoardFacts {
  /** NVIDIA's boards with Tegra, whose CUDA comes with the system. */
  readonly jetson: boolean;
  /** Compute capability of the Jetson that the paste names: `8.7` of an Orin. */
  readonly jetsonArch?: string | undefined;
  /** The torch at hand is a build for Jetson: NVIDIA's wheel, or one of its containers. */
  readonly jetsonTorch: boolean;
  /** The newest CUDA that the NVIDIA driver knows, as nvidia-smi prints it: `12.2`. */
  readonly driverCuda?: string;
  /** Compute capability of the one NVIDIA GPU whose full name the paste tells: `8.9` of a GeForce RTX 4090. */
  readonly namedCapability?: string;
  /** Target of the AMD GPU whose name the paste tells: `gfx1151` of a Radeon 8060S. */
  readonly namedGfx?: string;
}

type Mutable = { -readonly [Name in keyof BoardFacts]: BoardFacts[Name] };

const tegra = /\d-tegra\b|\bnv_tegra|\bL4T\b|l4t-|\bJet[Pp]ack\b|\+nv\d\d\.\d|\b[Jj]etson(?:\b|nano|_)/;
/** The boards and their GPUs. Source: "CUDA GPU Compute Capability" of NVIDIA, its list of Jetson products. */
const jetsonName = /[Jj]etson|\bAGX\b|\bOrin\b|\bXavier\b/;
const boards: readonly (readonly [RegExp, string])[] = [
  [/\bThor\b/, "11.0"],
  [/\bOrin\b/i, "8.7"],
  [/\bXavier\b/i, "7.2"],
  [/\bTX2\b/i, "6.2"],
  [/\b[Jj]etson[- ]?(?:Nano|TX1)\b/i, "5.3"],
];
/** NVIDIA hands out wheels of torch for Jetson alone; that of its containers for servers has such a version, too. */
const jetsonWheel = /torch-\d\S{1,60}\.nv\d\d\.\d\S*-linux_aarch64\.whl|compute\/redist\/jp\//;
/** `torch-2.3.0a0+6ddf5cf85e.nv24.04.14026654-cp310-cp310-linux_aarch64.whl`, `2.1.0a0+41361538.nv23.06`. */
const jetsonTorch =
  /\d\+[\da-f]{6,12}\.nv\d\d\.\d|\+nv\d\d\.\d|compute\/redist\/jp\/|pypi\.jetson-ai-lab\.\w+\/\S*torch|dusty-nv\/l4t-pytorch|l4t-pytorch/;

/** The driver's version in people's words and in logs: `My Driver Version is 470.223.02`, `Kernel Module  460.80`, `Nvidia driver version: 510.47.03`. */
const spokenDriver = /\b(?:driver(?: version)?|Kernel Module)(?: is|:)? {1,3}([3-9]\d\d\.\d{2,3}(?:\.\d{2})?)\b/i;

/** A longer line is no sentence and no row of a table. */
const longLine = 300;

/** Gathers them line by line. */
export class BoardReader {
  /** Of all GPUs that are named; which one is meant is clear when it is one. */
  readonly #capabilities = new Set<string>();
  readonly #facts: Mutable = { jetson: false, jetsonTorch: false };

  line(text: string): void {
    const facts = this.#facts;
    const capability = text.length < longLine ? capabilityOfName(text) : undefined;
    if (capability !== undefined) this.#capabilities.add(capability);
    if (text.includes("CUDA Version: ") && facts.driverCuda === undefined) {
      const driver = /\bCUDA Version: (\d{1,2}\.\d{1,2})\b/.exec(text)?.[1];
      if (driver !== undefined) facts.driverCuda = driver;
    }
    const version = text.length < longLine ? spokenDriver.exec(text)?.[1] : undefined;
    const known = version === undefined ? undefined : cudaOfDriver(version);
    if (known !== undefined) facts.driverCuda ??= known;
    if (text.length > 2_000) return;
    facts.jetson ||= tegra.test(text) || jetsonWheel.test(text);
    facts.jetsonTorch ||= jetsonTorch.test(text);
    if (facts.jetsonArch === undefined && jetsonName.test(text))
      facts.jetsonArch = boards.find(([name]) => name.test(text))?.[1];
    if (facts.namedGfx === undefined && /\bAMD |\bRadeon |\bamd rx ?\d/.test(text)) {
      const gfx = gfxOfName(text.slice(0, 400));
      if (gfx !== undefined) facts.namedGfx = gfx;
    }
  }

  facts(): BoardFacts {
    return {
      ...this.#facts,
      ...(this.#capabilities.size === 1 ? { namedCapability: [...this.#capabilities].join("") } : {}),
    };
  }
}
