"""Imports the module that lies beside this file and, where there is a GPU, compares it with PyTorch."""

import torch

import scaled_add

if not torch.cuda.is_available():
    print("imported; there is no GPU here, so nothing was computed")
else:
    torch.manual_seed(0)
    for dtype in (torch.float32, torch.float64):
        a, b = torch.randn(1000, 33, device="cuda", dtype=dtype), torch.randn(1000, 33, device="cuda", dtype=dtype)
        torch.testing.assert_close(scaled_add.scaled_add(a, b, 0.5), a + 0.5 * b)
    ones = torch.ones(3).cuda()
    print(f"[1, 1, 1] + 2 * [1, 1, 1] = {scaled_add.scaled_add(ones, ones, 2.0).tolist()} "
          f"on {torch.cuda.get_device_name()}")
