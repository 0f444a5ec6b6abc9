"""Digits of 5 x 7 dots on a field of 12 x 12, moved and noisy: enough of a task
to tell whether something learns."""
import numpy as np

SIDE = 12
GLYPHS = [
    "01110 10001 10011 10101 11001 10001 01110",
    "00100 01100 00100 00100 00100 00100 01110",
    "01110 10001 00001 00010 00100 01000 11111",
    "11111 00010 00100 00010 00001 10001 01110",
    "00010 00110 01010 10010 11111 00010 00010",
    "11111 10000 11110 00001 00001 10001 01110",
    "00110 01000 10000 11110 10001 10001 01110",
    "11111 00001 00010 00100 01000 01000 01000",
    "01110 10001 10001 01110 10001 10001 01110",
    "01110 10001 10001 01111 00001 00010 01100",
]


def batch(random, n):
    """(images [n, 144], labels [n]), float32 and int64."""
    dots = [np.array([[int(c) for c in row] for row in g.split()], np.float32)
            for g in GLYPHS]
    labels = random.integers(0, 10, n)
    images = random.normal(0, 0.3, (n, SIDE, SIDE)).astype(np.float32)
    for image, label in zip(images, labels):
        i, j = random.integers(1, 4), random.integers(2, 6)
        image[i:i + 7, j:j + 5] += dots[label]
    return images.reshape(n, -1), labels
