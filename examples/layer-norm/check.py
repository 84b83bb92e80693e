"""Loads the operators that lie beside this file and compares them with PyTorch's layer_norm."""

import pathlib
import subprocess

import torch

here = pathlib.Path(__file__).resolve().parent
torch.ops.load_library(str(here / "layer_norm.so"))
normalize = torch.ops.layer_norm.normalize


def theirs(x, weight, bias):
    return torch.nn.functional.layer_norm(x, x.shape[-1:], weight, bias)


torch.manual_seed(0)
x, weight, bias = torch.randn(32, 64, 384), torch.randn(384), torch.randn(384)
torch.testing.assert_close(normalize(x, weight, bias), theirs(x, weight, bias))

leaves = [t.clone().requires_grad_() for t in (x, weight, bias)]
mine = torch.autograd.grad(normalize(*leaves).square().sum(), leaves)
expected = torch.autograd.grad(theirs(*leaves).square().sum(), leaves)
for name, a, b in zip(("x", "weight", "bias"), mine, expected):
    torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-3, msg=lambda text: f"gradient of {name}: {text}")

small = [torch.randn(*shape, dtype=torch.double, requires_grad=True) for shape in ((3, 5), (5,), (5,))]
assert torch.autograd.gradcheck(normalize, small)
assert normalize(x.to("meta"), weight.to("meta"), bias.to("meta")).shape == x.shape

row = normalize(torch.tensor([[1.0, 2.0, 3.0]]), torch.ones(3), torch.zeros(3))
print(f"normalize([1, 2, 3]) = {[round(value, 4) for value in row[0].tolist()]}")
print(
    "32 x 64 x 384 floats: largest difference from PyTorch "
    f"{(normalize(x, weight, bias) - theirs(x, weight, bias)).abs().max().item():.1e}; gradients agree"
)

throughput = here / "throughput"
if throughput.exists():
    speed = subprocess.run([throughput], check=True, capture_output=True, text=True).stdout.strip()
    print(f"the kernel in a program of its own: {speed}")
