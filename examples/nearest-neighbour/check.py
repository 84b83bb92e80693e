"""Imports the extension that lies beside this file and compares it with PyTorch."""

import torch

import nearest_neighbour

search = torch.ops.nearest_neighbour.search

points = torch.tensor([[0.0, 0.0], [3.0, 4.0], [10.0, 0.0]])
queries = torch.tensor([[0.0, 1.0], [8.0, 0.0]])
index, distance = search(points, queries)
assert index.tolist() == [0, 2] and distance.tolist() == [1.0, 2.0], (index, distance)

torch.manual_seed(0)
cloud, asked = torch.randn(2000, 3), torch.randn(500, 3)
index_of_many, distance_of_many = search(cloud, asked)
expected = torch.cdist(asked, cloud, compute_mode="donot_use_mm_for_euclid_dist").min(dim=1)
torch.testing.assert_close(distance_of_many, expected.values)
assert (index_of_many == expected.indices).float().mean() > 0.99

try:
    search(points, queries.double())
except RuntimeError as error:
    assert "expected float32" in str(error), error
else:
    raise AssertionError("a float64 tensor was accepted")

print(f"nearest of [0, 0] [3, 4] [10, 0] to [0, 1] and [8, 0]: {index.tolist()} at {distance.tolist()}")
print(
    "500 queries in 2000 points: largest difference from torch.cdist "
    f"{(distance_of_many - expected.values).abs().max().item():.1e}"
)
print(f"one file for every CPython and PyTorch 2.10 or later: {nearest_neighbour.__file__.rpartition('/')[2]}")
