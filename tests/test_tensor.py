        for x, w in zip(xs, wanted):
            got = np.zeros(x.shape) if x.grad is None else x.grad
            np.testing.assert_allclose(got, w, rtol=0, atol=1e-12 * max(1.0, scale))


def test_leaves_accumulate_and_inner_nodes_start_anew():
    x = Tensor([2.0, 3.0])
    h = x * x
    y = (h * h).sum()
