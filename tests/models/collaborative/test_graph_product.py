import numpy as np
import torch
from scipy.sparse import csr_matrix

from models.collaborative.graph_product import SparseProduct, adjacency_product


def test_product_and_gradient_are_those_of_the_dense_adjacency():
    rng = np.random.default_rng(0)
    graph = (rng.random((4, 3)) * (rng.random((4, 3)) < 0.6)).astype(np.float32)
    adjacency = torch.from_numpy(np.block([[np.zeros((4, 4)), graph], [graph.T, np.zeros((3, 3))]])).float()
    x = torch.randn(7, 2, generator=torch.Generator().manual_seed(0), requires_grad=True)
    weights = torch.arange(14.0).view(7, 2)
    found = adjacency_product(csr_matrix(graph))(x)
    torch.testing.assert_close(found, adjacency @ x)
    (gradient,) = torch.autograd.grad((found * weights).sum(), x)
    torch.testing.assert_close(gradient, adjacency.T @ weights)


def test_a_matrix_that_is_not_symmetric_has_the_gradient_of_its_transposed():
    matrix = np.array([[1, 2, 0], [0, 0, 3]], dtype=np.float32)
    x = torch.ones(3, 1, requires_grad=True)
    found = SparseProduct(csr_matrix(matrix))(x)
    assert found.flatten().tolist() == [3, 3]
    (gradient,) = torch.autograd.grad((found * torch.tensor([[1.0], [10.0]])).sum(), x)
    assert gradient.flatten().tolist() == [1, 2, 30]


def test_rows_without_entries_are_zero_and_so_is_an_empty_matrix():
    rows = np.array([[0, 0], [1, 1], [0, 0]], dtype=np.float32)
    assert SparseProduct(csr_matrix(rows))(torch.ones(2, 3)).tolist() == [[0] * 3, [2] * 3, [0] * 3]
    assert SparseProduct(csr_matrix((3, 2), dtype=np.float32))(torch.ones(2, 1)).tolist() == [[0], [0], [0]]
