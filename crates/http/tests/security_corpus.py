"""Prints Tornado's corpus of past security faults for crates/http/tests/security_corpus.rs.

A line is a request: "case", the release with the fix, the name, the status that Tornado expects (or
"scaling" and the size), and the request's bytes in hexadecimal; fields are separated by tabs.
"""

import tornado
from tornado.test.security_corpus_test import CASES, SCALING

assert tornado.version == "6.6.1", tornado.version

for case in CASES:
    print("case", case.advisory, case.name, case.status, case.request.hex(), sep="\t")
for scaling in SCALING:
    for size in (scaling.n1, scaling.n2):
        print("scaling", scaling.advisory, scaling.name, size, scaling.build(size).hex(), sep="\t")
