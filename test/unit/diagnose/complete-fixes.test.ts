/** Fixes that end with what the user asked for, in the folders and releases that the text names. */
import { describe, expect, it } from "vitest";
import { diagnose } from "../../../src/diagnose/diagnose.ts";

const fix = (text: string) => diagnose(text).diagnoses[0]?.fix ?? [];

describe("the command that failed comes again", () => {
  it("with its options and pins, behind a fix that only prepares", () => {
    expect(
      fix(
        'pip install --upgrade -v "git+https://github.com/mit-han-lab/torchsparse.git@v1.4.0"\nbackend/query_cpu.cpp:6:10: fatal error: google/dense_hash_map: No such file or directory',
      ).at(-1),
    ).toBe('python -m pip install --upgrade -v "git+https://github.com/mit-han-lab/torchsparse.git@v1.4.0"');
  });

  it("as setup.py was called", () => {
    expect(
      fix(
        "$ python setup.py build develop\nsrc/a.cpp:6:10: fatal error: google/dense_hash_map: No such file or directory",
      ).at(-1),
    ).toBe("python setup.py build develop");
  });

  it("not where the text has several, and not what pip ran by itself", () => {
    const header = "src/a.cpp:6:10: fatal error: google/dense_hash_map: No such file or directory";
    expect(fix(`pip install a-pack\npip install b-pack\n${header}`).join("\n")).not.toContain("pip install");
    expect(fix(`× python setup.py bdist_wheel did not run successfully.\n${header}`).join("\n")).not.toContain(
      "setup.py",
    );
  });

  it("not where the fix builds by itself", () => {
    const lines = fix(
      "pip install flash-attn\nERROR: Failed building wheel for flash-attn\nModuleNotFoundError: No module named 'torch'",
    );
    expect(lines.filter((line) => /install flash-attn$/.test(line))).toEqual([]);
  });
});

describe("the interpreter that the text names by its path", () => {
  const missing = "ModuleNotFoundError: No module named 'torch'\nERROR: Failed building wheel for my-ops";

  it("is the one of the fix", () => {
    expect(fix(`jo@box:~/ops$ .venv/bin/python -m pip install .\n${missing}`).at(-1)).toBe(
      ".venv/bin/python -m pip install --no-build-isolation .",
    );
    expect(fix(`$ /opt/venv/bin/pip3 install my-ops\n${missing}`).at(-1)).toBe(
      "/opt/venv/bin/python -m pip install --no-build-isolation my-ops",
    );
    expect(fix(`C:\\w> "C:\\Program Files\\Python311\\python.exe" -m pip install .\n${missing}`).at(-1)).toBe(
      '"C:\\Program Files\\Python311\\python.exe" -m pip install --no-build-isolation .',
    );
  });

  it("not where a plain one is called, too, nor what pip runs by itself", () => {
    expect(fix(`$ pip install .\n/usr/bin/python3 -m pip install x\n${missing}`).join("\n")).not.toContain("/usr/bin");
    expect(
      fix(`$ python3 -m pip install .\n  command: /usr/bin/python3 -u -c 'import sys'\n${missing}`).join("\n"),
    ).not.toContain("/usr/bin");
  });
});

describe("a package that a project carries", () => {
  it("is installed from the project's folder, which a traceback tells", () => {
    expect(
      fix(
        '  File "C:\\w\\gaussian-splatting\\train.py", line 16, in <module>\n    from gaussian_renderer import render\n  File "C:\\e\\lib\\site-packages\\diff_gaussian_rasterization\\__init__.py", line 15, in <module>\n    from . import _C\nImportError: DLL load failed while importing _C: The specified module could not be found.',
      ).join("\n"),
    ).toContain("-v C:\\w\\gaussian-splatting\\submodules\\diff-gaussian-rasterization");
    expect(
      fix(
        "Traceback (most recent call last):\n  File \"/w/CORA/models/ops/functions/ms_deform_attn_func.py\", line 18, in <module>\n    import MultiScaleDeformableAttention as MSDA\nModuleNotFoundError: No module named 'MultiScaleDeformableAttention'",
      ).join("\n"),
    ).toContain("-v /w/CORA/models/ops");
  });

  it("with the Python that runs it", () => {
    expect(
      fix(
        '  File "D:\\ComfyUI_windows_portable\\ComfyUI\\custom_nodes\\w\\hy3dgen\\texgen\\differentiable_renderer\\mesh_render.py", line 158, in __init__\n    import custom_rasterizer as cr\n  File "D:\\ComfyUI_windows_portable\\python_embeded\\Lib\\site-packages\\custom_rasterizer\\render.py", line 25, in <module>\n    import custom_rasterizer_kernel\nImportError: DLL load failed while importing custom_rasterizer_kernel: The specified procedure could not be found.',
      ).slice(0, 2),
    ).toEqual([
      "rmdir /s /q D:\\ComfyUI_windows_portable\\ComfyUI\\custom_nodes\\w\\hy3dgen\\texgen\\custom_rasterizer\\build",
      "D:\\ComfyUI_windows_portable\\python_embeded\\python.exe -m pip install --no-build-isolation --no-cache-dir --force-reinstall --no-deps -v D:\\ComfyUI_windows_portable\\ComfyUI\\custom_nodes\\w\\hy3dgen\\texgen\\custom_rasterizer",
    ]);
  });
});

describe("packages of PyG", () => {
  const symbol =
    "OSError: /e/lib/python3.10/site-packages/torch_scatter/_version_cuda.so: undefined symbol: _ZN5torch3jit17parseSchemaOrNameERKSs";

  it("are all of one torch", () => {
    expect(
      fix(
        `!pip install torch-scatter -f https://data.pyg.org/whl/torch-1.9.0+cu111.html\n!pip install torch-sparse -f https://data.pyg.org/whl/torch-1.9.0+cu111.html\n1.10.0+cu111\n${symbol}`,
      )[0],
    ).toContain(
      '--only-binary torch-scatter,torch-sparse "torch-scatter<2.1.1" "torch-sparse<0.6.17" -f https://data.pyg.org/whl/torch-1.10.0+cu111.html',
    );
  });

  it("come from source, with their pins, where the wheel for that torch does not load", () => {
    const lines = fix(
      `pip install torch-scatter==2.1.1 torch-sparse==0.6.17 -f https://data.pyg.org/whl/torch-2.0.0+cu118.html\nEnv:torch 2.0.0+cuda118,torch_geometric 2.4.0\n${symbol}`,
    );
    expect(lines.slice(0, 2)).toEqual([
      "export FORCE_CUDA=1",
      "python -m pip install --no-build-isolation --no-cache-dir --force-reinstall --no-deps --no-binary torch-scatter,torch-sparse torch-scatter==2.1.1 torch-sparse==0.6.17",
    ]);
  });
});

describe("the shell and the Python of a text for Windows", () => {
  it("is PowerShell, in its own words", () => {
    const lines = fix(
      "(p3d) PS C:\\Users\\b\\pytorch3d> python setup.py install\nC:/CUDA/v11.7/include\\thrust/system/cuda/config.h(79): fatal error C1189: #error:  The version of CUB in your include path is not compatible with this release of Thrust. CUB is now included in the CUDA Toolkit",
    );
    expect(lines[0]).toBe("$env:CUB_HOME = $null");
    expect(lines.at(-1)).toBe("python setup.py install");
  });

  it("is PowerShell, where a path stands before the command and a variable gets a value", () => {
    const lines = fix(
      "PS D:\\w> .\\py\\python.exe -m pip install -v --no-build-isolation my-ops==1.0\nninja: error: Stat(C:/Users/b/AppData/Local/Temp/pip-install-h2/my-ops_0b/build/temp.win-amd64-cpython-311/Release/a.obj): Filename longer than 260 characters",
    );
    expect(lines).toEqual(expect.arrayContaining(['$env:TMP = "C:\\t"', "mkdir -Force C:\\t"]));
    expect(lines).not.toContain("cmd");
  });

  it("is PowerShell, which takes over what Visual Studio's script sets", () => {
    const lines = fix(
      "PS D:\\w> python setup.py install\nUserWarning: Error checking compiler version for cl: [WinError 2] The system cannot find the file specified\nerror: command 'cl.exe' failed: None",
    );
    expect(lines.join("\n")).toMatch(/^cmd \/c .*vcvars64\.bat.* ForEach-Object \{/m);
    expect(lines).not.toContain("cmd");
  });

  it("is the one of the launcher", () => {
    expect(
      fix(
        "PS D:\\fairseq> py -3.10 -m pip install ./\nRequested omegaconf<2.1 from https://files.pythonhosted.org/a/omegaconf-2.0.6-py3-none-any.whl (from fairseq) has invalid metadata: .* suffix can only be used with `==` or `!=` operators\nPlease use pip<24.1 if you need to use this version.",
      ),
    ).toEqual(expect.arrayContaining(["py -3.10 -m pip install ./"]));
  });
});

describe("a GPU that is newer than the toolkit", () => {
  it("gets the code of the architecture before it", () => {
    expect(
      fix(
        "RuntimeError: CUDA error: no kernel image is available for execution on the device\nGPU: RTX 4090, torch 1.12.1+cu116",
      ),
    ).toContain("export TORCH_CUDA_ARCH_LIST=8.6+PTX");
  });

  it("and its own, where the toolkit knows it", () => {
    expect(
      fix(
        "RuntimeError: CUDA error: no kernel image is available for execution on the device\nGPU: RTX 4090, torch 2.1.0+cu121",
      ),
    ).toContain("export TORCH_CUDA_ARCH_LIST=8.9");
  });
});

describe("what the text tells of releases", () => {
  it("pins torchvision's companion", () => {
    expect(
      fix("Python 3.8, torch 1.7.0, torchvision 0.5.0, cuda 10.1\nRuntimeError: No such operator torchvision::nms"),
    ).toEqual([
      'python -m pip install --force-reinstall "torch==1.7.0" "torchvision==0.8.*" --index-url https://download.pytorch.org/whl/cu101   # what goes with the torch that the text tells',
    ]);
  });

  it("keeps apt-get from Windows", () => {
    expect(
      fix(
        "C:\\w\\hash.h(7): fatal error C1083: Cannot open include file: 'google/dense_hash_map': No such file or directory",
      ).join("\n"),
    ).not.toMatch(/apt-get|dnf/);
  });

  it("mends all of MinkowskiEngine's files at once", () => {
    const lines = fix(
      '/w/MinkowskiEngine/src/3rdparty/concurrent_unordered_map.cuh(503): error: namespace "thrust" has no member "device"',
    );
    expect(lines[0]).toBe("cd /w/MinkowskiEngine");
    expect(lines).toContain(
      "sed -i.bak '1i #include <thrust/execution_policy.h>\\n#include <thrust/reduce.h>\\n#include <thrust/sort.h>' src/spmm.cu",
    );
  });
});

describe("what the user asked for stays as it was", () => {
  it("with the extras of a command of any installer", () => {
    expect(
      fix(
        "$ uv pip install 'megablocks[gg]==0.7.0'\n  × Failed to build `megablocks==0.7.0`\n      ModuleNotFoundError: No module named 'torch'\nPython 3.11, torch==2.4.0+cu121",
      ).join("\n"),
    ).toContain('"megablocks[gg]==0.7.0"');
  });

  it("without the words of a sentence behind the command", () => {
    const lines = fix(
      "`pip install -v grouped-gemm` did not work:\ncsrc/ops.cu:3:10: fatal error: cutlass/cutlass.h: No such file or directory\n",
    ).join("\n");
    expect(lines).not.toMatch(/ did\b/);
  });
});

describe("the wheel of a project's page", () => {
  const torn = (version: string) =>
    fix(
      `** Python version: 3.11.9 (tags/v3.11.9:de54cf5) [MSC v.1938 64 bit (AMD64)]\npytorch version: ${version}\n  File "F:\\ComfyUI\\python\\Lib\\site-packages\\nunchaku\\models\\linear.py", line 10, in <module>\n    from ..._C.ops import gemm_awq, gemv_awq\nImportError: DLL load failed while importing _C: The specified procedure could not be found.`,
    ).join("\n");

  it("is named where the text tells torch, Python and the system", () => {
    expect(torn("2.7.1+cu128")).toContain("/nunchaku-1.2.0+torch2.7-cp311-cp311-win_amd64.whl");
    expect(torn("2.9.0+cu130")).toContain("/nunchaku-1.2.1+cu13.0torch2.9-cp311-cp311-win_amd64.whl");
  });

  it("is left out for a torch for which there is none", () => {
    expect(torn("2.1.0+cu121")).toContain("https://github.com/nunchaku-tech/nunchaku/releases");
    expect(torn("2.1.0+cu121")).not.toContain(".whl");
  });
});

describe("a missing module that is told twice", () => {
  it("is the one of the sources that the traceback names", () => {
    const said = "ModuleNotFoundError: No module named '_turbomind'";
    const text = `${said}\nTraceback (most recent call last):\n  File "/p/lmdeploy/lmdeploy/turbomind/turbomind.py", line 22, in <module>\n    import _turbomind as _tm\n${said}`;
    expect(diagnose(text).diagnoses[0]?.id).toBe("compiled-part-of-sources-missing");
  });
});
