"""Answers what crates/http/tests/content_coding_against_python.rs asks, by Python's gzip and zlib and by PyPI's
brotli and zstandard.

A question is a line, "decode" or "encode", a coding, a level and a length, and then so many bytes; an answer is
a line with a length, and then so many bytes.
"""

import gzip
import sys
import zlib

import brotli
import zstandard


def bare_deflate(data, level):
    encoder = zlib.compressobj(level, zlib.DEFLATED, -15)
    return encoder.compress(data) + encoder.flush()


def two_members(data, level):
    half = len(data) // 2
    return gzip.compress(data[:half], level) + gzip.compress(data[half:], level)


def two_frames(data, level):
    half = len(data) // 2
    encoder = zstandard.ZstdCompressor(level=level, write_checksum=True)
    return encoder.compress(data[:half]) + encoder.compress(data[half:])


encoders = {
    "gzip": gzip.compress,
    "x-gzip": two_members,
    "deflate": zlib.compress,
    "bare": bare_deflate,
    "br": lambda data, level: brotli.compress(data, quality=level),
    "zstd": lambda data, level: zstandard.ZstdCompressor(level=level).compress(data),
    "frames": two_frames,
}

decoders = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "br": brotli.decompress,
    # Without the size in the frame's head, which a stream does not know.
    "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
}

while question := sys.stdin.buffer.readline().decode():
    verb, coding, level, length = question.split()
    data = sys.stdin.buffer.read(int(length))
    answer = decoders[coding](data) if verb == "decode" else encoders[coding](data, int(level))
    sys.stdout.buffer.write(b"%d\n" % len(answer) + answer)
    sys.stdout.buffer.flush()
