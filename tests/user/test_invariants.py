from collections import Counter

from user.invariants import Facts, compare


def test_an_account_is_counted_once() -> None:
    """An account that is not counted, and one that is counted twice, break a rule each."""
    counted = Counter({("user.registered", "ada"): 1, ("user.registered", "gone"): 1})

    assert not any(compare(Facts({"ada"}, counted)).values())
    assert list(compare(Facts({"ada", "ben"}, counted)).values()) == [["user.registered ben"], []]
    assert list(compare(Facts({"ada"}, counted + counted)).values())[1] == [
        "user.registered ada",
        "user.registered gone",
    ]
