import numpy as np
import torch
from scipy.sparse import csr_matrix

from models.collaborative.graph_product import GraphProduct


def test_product_and_gradient_are_those_of_the_dense_adjacency():
    rng = np.random.default_rng(0)
    graph = (rng.random((4, 3)) * (rng.random((4, 3)) < 0.6)).astype(np.float32)
    adjacency = torch.from_numpy(np.block([[np.zeros((4, 4)), graph], [graph.T, np.zeros((3, 3))]])).float()
    x = torch.randn(7, 2, generator=torch.Generator().manual_seed(0), requires_grad=True)
    weights = torch.arange(14.0).view(7, 2)
    found = GraphProduct(csr_matrix(graph))(x)
    torch.testing.assert_close(found, adjacency @ x)
    (gradient,) = torch.autograd.grad((found * weights).sum(), x)
    torch.testing.assert_close(gradient, adjacency.T @ weights)
