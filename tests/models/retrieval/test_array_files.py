import numpy as np
import pytest
from scipy.sparse import csr_matrix

from models.retrieval.array_files import load_arrays, load_matrix, save_arrays, save_matrix

ARRAYS = {"vectors": np.arange(6, dtype=np.float32).reshape(2, 3), "places": np.array([3, 1], dtype=np.int32)}


@pytest.mark.parametrize("mapped", [False, True])
def test_arrays_come_back_as_they_were_in_the_order_asked_for(tmp_path, mapped):
    save_arrays(tmp_path, ARRAYS)
    assert {path.name for path in tmp_path.iterdir()} == {"vectors.npy", "places.npy"}
    found = load_arrays(tmp_path, ("places", "vectors"), mapped)
    assert list(found) == ["places", "vectors"]
    for name, array in found.items():
        assert array.dtype == ARRAYS[name].dtype
        np.testing.assert_array_equal(array, ARRAYS[name])
        assert isinstance(array, np.memmap) == mapped
        assert array.flags.writeable == (not mapped)


def test_nothing_is_pickled_and_nothing_unpickled(tmp_path):
    objects = np.array([{}, []], dtype=object)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        save_arrays(tmp_path, {"objects": objects})
    np.save(tmp_path / "planted.npy", objects, allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        load_arrays(tmp_path, ["planted"])


@pytest.mark.parametrize(("n_rows", "n_columns"), [(5, 5), (4, 7)])
def test_a_matrix_comes_back(tmp_path, n_rows, n_columns):
    """Also with columns at its end that hold nothing."""
    dense = np.random.default_rng(0).integers(3, size=(n_rows, n_columns)).astype(np.float32)
    dense[:, -1] = 0
    matrix = csr_matrix(dense)
    save_matrix(tmp_path, matrix)
    found = load_matrix(tmp_path, None if n_rows == n_columns else n_columns)
    assert (found.shape, found.dtype) == (matrix.shape, matrix.dtype)
    np.testing.assert_array_equal(found.toarray(), dense)
