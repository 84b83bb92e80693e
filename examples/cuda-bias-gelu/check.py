"""Loads the operator that lies beside this file and, where there is a GPU, compares it with PyTorch."""

import pathlib

import torch

here = pathlib.Path(__file__).resolve().parent
torch.ops.load_library(str(here / "bias_gelu.so"))
apply = torch.ops.bias_gelu.apply

assert apply(torch.empty(4, 3, device="meta"), torch.empty(3, device="meta")).shape == (4, 3)

if not torch.cuda.is_available():
    print("loaded; there is no GPU here, so nothing was computed")
else:
    torch.manual_seed(0)
    x, bias = torch.randn(512, 4096, device="cuda"), torch.randn(4096, device="cuda")
    mine, theirs = apply(x, bias), torch.nn.functional.gelu(x + bias)
    torch.testing.assert_close(mine, theirs)
    print(f"gelu([-1, 0, 1] + 0) = {apply(torch.tensor([-1.0, 0.0, 1.0]).cuda(), torch.zeros(3).cuda()).tolist()}")
    print(f"512 x 4096 floats on {torch.cuda.get_device_name()}: largest difference from PyTorch "
          f"{(mine - theirs).abs().max().item():.1e}")
