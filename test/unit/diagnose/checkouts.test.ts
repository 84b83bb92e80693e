/** Which folder a traceback runs in, what of a text is a command and what is a person's sentence. */
import { describe, expect, it } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";
import { scanText } from "../../../src/diagnose/scan.ts";

const fix = (text: string): string => diagnose(text).diagnoses[0]?.fix.join("\n") ?? "";
const frame = (file: string, line: number, source: string): string =>
  `  File "${file}", line ${line}, in <module>\n    ${source}\n`;
const missing = "ImportError: cannot import name 'iou3d_nms_cuda'";

describe("the folder of a checkout", () => {
  it.each([
    [
      "by the dots of an import",
      `${frame("/w/OpenPCDet/pcdet/datasets/augmentor/database_sampler.py", 5, "from ...ops.iou3d_nms import iou3d_nms_utils")}${frame("/w/OpenPCDet/pcdet/ops/iou3d_nms/iou3d_nms_utils.py", 9, "from . import iou3d_nms_cuda")}`,
      "cd /w/OpenPCDet\n",
    ],
    [
      "by the module that is imported",
      `${frame("run.py", 21, "from openfold.utils.script_utils import run")}${frame("/scratch/u/openfold/openfold/utils/script_utils.py", 10, "import iou3d_nms_cuda")}`,
      "cd /scratch/u/openfold\n",
    ],
    [
      "on Windows",
      `${frame("D:/code/AlphaPose/scripts/demo.py", 13, "from alphapose.models import builder")}${frame("D:\\code\\AlphaPose\\alphapose\\models\\layers\\dcn\\deform_conv.py", 9, "from . import iou3d_nms_cuda")}`,
      "cd /d D:\\code\\AlphaPose\n",
    ],
  ])("is told %s", (_how, frames, expected) => {
    expect(fix(`Traceback (most recent call last):\n${frames}${missing}`)).toContain(expected);
  });

  it("is none of installed packages", () => {
    expect(
      fix(
        `Traceback (most recent call last):\n${frame("/e/lib/python3.10/site-packages/a/ops/b.py", 5, "from ..c import d")}${missing}`,
      ),
    ).not.toMatch(/^cd \/e/m);
  });

  it("is the one that torch's builder names", () => {
    const text = (folder: string): string =>
      `Emitting ninja build file ${folder}/build/temp.linux-x86_64-3.7/build.ninja...\nninja: no work to do.\nerror in ms_deformable_im2col_cuda: no kernel image is available for execution on the device`;
    expect(fix(text("/w/mask2former/ops"))).toContain("cd /w/mask2former/ops\nrm -rf build\n");
    expect(fix(text("/tmp/pip-req-build-x1"))).not.toContain("cd /tmp");
  });

  it("is known where a title says the error first", () => {
    expect(
      fix(
        `${missing}. I have the same problem\n\nTraceback (most recent call last):\n${frame("/w/P/p/a/b.py", 5, "from ..c import d")}${missing}`,
      ),
    ).toContain("cd /w/P\n");
  });
});

describe("the command to give again", () => {
  const cause = "k.cu:3:10: fatal error: cuda.h: No such file or directory";

  it("is the one of setup.py behind what pip installed", () => {
    expect(fix(`I used pip install torchstat==0.0.7\n$ python setup.py install --user\n${cause}`)).toMatch(
      /python setup\.py install --user$/m,
    );
    expect(fix(`$ python setup.py develop\n$ pip install -v ./ops\n${cause}`)).toMatch(/install -v \.\/ops$/m);
  });

  it("follows a warning that stopped the build", () => {
    expect(
      fix(
        "C:\\p>python setup.py develop\nC:\\e\\torch\\utils\\cpp_extension.py:305: UserWarning: Error checking compiler version for cl: [WinError 2] The system cannot find the file specified",
      ),
    ).toMatch(/setup\.py develop$/m);
  });
});

describe("spconv", () => {
  it("is never compiled from PyPI: its wheels bear the CUDA that they are for", () => {
    const text =
      'I am using spconv-cu114\n  File "/e/lib/python3.7/site-packages/spconv/pytorch/ops.py", line 865, in indice_conv\nTypeError: indice_conv(): incompatible function arguments. The following argument types are supported:\n    1. (allocator: int) -> None';
    expect(fix(text)).toContain("install spconv-cu");
    expect(fix(text)).not.toContain("--no-binary spconv");
  });
});

describe("a search in setup.py", () => {
  it("is no build: the command of the text follows", () => {
    expect(fix("$ python setup.py develop\nnvcc fatal   : Unsupported gpu architecture 'compute_80'")).toMatch(
      /python setup\.py develop$/m,
    );
  });
});

describe("an undefined symbol", () => {
  it("is no word of the sentence in the next line", () => {
    const symbols = (text: string) => scanText(text).findings.map(({ symbol }) => symbol);
    expect(symbols("# Failed: undefined symbol\nHow should I solve this issue")).not.toContain("How");
    expect(symbols("ImportError: /e/_C.so: undefined symbol:\n_ZN3c105ErrorC1Ev and more")).toContain(
      "_ZN3c105ErrorC1Ev",
    );
  });

  it("is named by lld without quotes", () => {
    const [finding] = scanText(
      "ld.lld: error: /e/torch/lib/libc10.so: undefined reference to pthread_setname_np [--no-allow-shlib-undefined]",
    ).findings;
    expect(finding).toMatchObject({ symbol: "pthread_setname_np", file: "/e/torch/lib/libc10.so" });
  });
});

describe("packages of conda", () => {
  it("come from conda-forge again, with torch", () => {
    expect(
      fix(
        "$ conda create -n t -q -c conda-forge openmm-torch nnpops torchani\nImportError: /home/u/miniconda3/envs/t/lib/python3.9/site-packages/torchani/cuaev.cpython-39-x86_64-linux-gnu.so: undefined symbol: _ZNK3c104Type14isSubtypeOfExtERKS0_PSo",
      ),
    ).toContain("conda install -y -c conda-forge --override-channels pytorch openmm-torch nnpops torchani");
  });
});
