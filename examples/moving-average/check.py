"""Imports the extension that lies beside this file and compares it with PyTorch."""

import time

import torch

import moving_average


def reference(x, alpha):
    state = x[..., 0]
    steps = [state]
    for t in range(1, x.shape[-1]):
        state = state + alpha * (x[..., t] - state)
        steps.append(state)
    return torch.stack(steps, dim=-1)


def seconds(function):
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin


x = torch.tensor([1.0, 2.0, 3.0, 4.0])
y = moving_average.moving_average(x, 0.5)
assert y.tolist() == [1.0, 1.5, 2.25, 3.125], y

torch.manual_seed(0)
big = torch.randn(64, 4096, dtype=torch.float64)
mine, theirs = moving_average.moving_average(big, 0.1), reference(big, 0.1)
torch.testing.assert_close(mine, theirs)

try:
    moving_average.moving_average(x, 2.0)
except RuntimeError as error:
    assert "alpha must be in (0, 1]" in str(error), error
else:
    raise AssertionError("alpha = 2 was accepted")

ours = min(seconds(lambda: moving_average.moving_average(big, 0.1)) for _ in range(5))
loop = seconds(lambda: reference(big, 0.1))
print(f"moving_average([1, 2, 3, 4], alpha=0.5) = {y.tolist()}")
print(f"64 x 4096 doubles: largest difference from PyTorch {(mine - theirs).abs().max().item():.1e}")
print(f"64 x 4096 doubles: {ours * 1e3:.1f} ms, a loop of PyTorch calls {loop * 1e3:.1f} ms")
