"""Makes problem files for wave_packet and billiards from a seed: good files, and files with one defect each."""

from __future__ import annotations

import os
import struct
import zlib

import h5py
import numpy as np

SIZES = {"wave_packet": (256, 0, 1), "billiards": (2, 6, 2)}  # observation, context, parameters
N_PROBLEM = 6


class Case:
    """One file, its kind of defect, and the allowed outcomes of reading it."""

    def __init__(self, path: str, rng: np.random.Generator) -> None:
        self.path = path
        self.rng = rng
        self.model = str(rng.choice(list(SIZES)))
        self.kind = ""
        self.allowed = {"good", "refused"}

    def tables(self) -> dict[str, np.ndarray]:
        n_observation, n_context, n_parameter = SIZES[self.model]
        tables = {"observation": self.rng.normal(size=(N_PROBLEM, n_observation))}
        if n_context > 0:
            # Three distant positions with small random shifts, so that the balls never overlap.
            positions = np.array([0.4, -0.3, 0.6, 0.0, 0.8, 0.3])
            tables["context"] = positions + self.rng.uniform(-0.02, 0.02, size=(N_PROBLEM, n_context))
        if self.rng.random() < 0.5:
            tables["truth"] = np.full((N_PROBLEM, n_parameter), 0.5 if n_context else 100.0)
        if self.rng.random() < 0.5:
            tables["floor"] = np.zeros(N_PROBLEM)
        return tables

    def write(self, tables: dict, **options: object) -> None:
        with h5py.File(self.path, "w", **options) as file:
            group = file.create_group("problems")
            for name, values in tables.items():
                group.create_dataset(name, data=values)

    def write_good(self) -> list[tuple[int, int]]:
        """Writes a good file. Returns the byte ranges [first, end) of the values in it."""
        self.write(self.tables())
        with h5py.File(self.path) as file:
            sets = [file["problems"][name] for name in file["problems"]]
            return [(one.id.get_offset(), one.id.get_offset() + one.id.get_storage_size()) for one in sets]


def other_numbers(case: Case) -> None:
    case.allowed = {"good"}
    tables = case.tables()
    types = [">f4", "<f4", ">f8", "f2", "g", "i1", ">i2", "<i8", ">u8", "u4"]
    scale = 1.0 if case.model == "billiards" else 20.0
    kind = str(case.rng.choice(types if case.model == "wave_packet" else types[:5]))
    tables["observation"] = (scale * np.abs(tables["observation"])).astype(kind)
    case.write(tables)


def other_storage(case: Case) -> None:
    case.allowed = {"good"}
    options = [{"chunks": True}, {"compression": "gzip"}, {"shuffle": True, "fletcher32": True, "chunks": (2, 1)},
               {"maxshape": (None, None), "chunks": (4, 1)},
               {"compression": "gzip", "shuffle": True, "fletcher32": True}]
    latest = {"libver": "latest"} if case.rng.random() < 0.5 else {}
    if case.rng.random() < 0.3:
        latest["userblock_size"] = 512
    with h5py.File(case.path, "w", **latest) as file:
        for name, values in case.tables().items():
            more = options[case.rng.integers(len(options))] if values.ndim == 2 else {}
            file.create_dataset(f"problems/{name}", data=values, **more)


def unknown_filter(case: Case) -> None:
    case.allowed = {"refused"}
    with h5py.File(case.path, "w") as file:
        for name, values in case.tables().items():
            # Zeros, because HDF5 stores values without the filter if it does not make them shorter.
            filters = {"compression": "lzf"} if case.rng.random() < 0.5 else {"scaleoffset": 6}
            more = {"data": np.zeros(values.shape), **filters} if name == "observation" else {"data": values}
            file.create_dataset(f"problems/{name}", **more)


def cut_off(case: Case) -> None:
    case.write_good()
    case.allowed = {"refused"}
    size = os.path.getsize(case.path)
    os.truncate(case.path, int(case.rng.integers(0, size)))


def flipped_metadata(case: Case) -> None:
    data = case.write_good()
    content = bytearray(open(case.path, "rb").read())
    positions = [k for k in range(len(content)) if not any(first <= k < last for first, last in data)]
    for k in case.rng.choice(positions, size=case.rng.integers(1, 5)):
        content[k] = int(case.rng.choice([0, 255, content[k] ^ 1 << case.rng.integers(8), case.rng.integers(256)]))
    open(case.path, "wb").write(content)


def flipped_chunks(case: Case) -> None:
    """Changes random bytes of a file with chunks: indices, filters, compressed values."""
    other_storage(case)
    case.allowed = {"good", "refused"}
    content = bytearray(open(case.path, "rb").read())
    for _ in range(case.rng.integers(1, 8)):
        content[case.rng.integers(len(content))] = int(case.rng.integers(256))
    open(case.path, "wb").write(content)


def wide_chunks(case: Case) -> None:
    """Writes a chunk that is wider than its table: HDF5 1.10.8 reads beyond the end of its values."""
    case.allowed = {"refused"}
    tables = case.tables()
    with h5py.File(case.path, "w") as file:
        for name, values in tables.items():
            more = {"chunks": (2, 1), "shuffle": True, "fletcher32": True} if name == "observation" else {}
            file.create_dataset(f"problems/{name}", data=values, **more)
    content = open(case.path, "rb").read()
    sizes = struct.pack("<III", 2, 1, 8)  # rows, columns, bytes of a number
    if content.count(sizes) != 1:
        raise AssertionError("the layout of the chunks is not at the expected position")
    open(case.path, "wb").write(content.replace(sizes, struct.pack("<III", 2, 12582913, 8)))


def short_chunks(case: Case) -> None:
    """Writes chunks with too few bytes for their values, stored or inflated: HDF5 1.10.8 reads beyond their end."""
    case.allowed = {"refused"}
    tables = case.tables()
    filters = [{}, {"compression": "gzip"}, {"compression": "gzip", "shuffle": True}, {"fletcher32": True}]
    more = {"chunks": tables["observation"].shape, **filters[case.rng.integers(len(filters))]}
    with h5py.File(case.path, "w") as file:
        for name, values in tables.items():
            if name != "observation":
                file.create_dataset(f"problems/{name}", data=values)
        observation = file.create_dataset("problems/observation", tables["observation"].shape, "f8", **more)
        size = int(case.rng.integers(1, tables["observation"].nbytes))
        content = b"\1" * size
        observation.id.write_direct_chunk((0, 0), zlib.compress(content) if "compression" in more else content)


def wrong_shape(case: Case) -> None:
    case.allowed = {"refused"}
    tables = case.tables()
    name = str(case.rng.choice(list(tables)))
    rows, *columns = tables[name].shape
    shapes = [(rows, *(c + 1 for c in columns), 1), (rows + 1, *columns), (rows - 1, *columns), (), (1,),
              (rows * 7, 1, 1), (*columns, rows, 2)]
    if columns:
        shapes += [(rows, columns[0] + 1), (rows, 3 * columns[0])]
    shape = shapes[case.rng.integers(len(shapes))]
    if name == "observation" and shape in ((rows + 1, *columns), (rows - 1, *columns)) and len(tables) == 1:
        case.allowed = {"good"}
    tables[name] = np.zeros(shape)
    case.write(tables)


def no_rows(case: Case) -> None:
    case.allowed = {"refused"}
    case.write({name: values[:0] for name, values in case.tables().items()})


def wrong_type(case: Case) -> None:
    case.allowed = {"refused"}
    tables = case.tables()
    name = str(case.rng.choice(list(tables)))
    kinds = ["S3", h5py.string_dtype(), [("a", "f8"), ("b", "i4")], bool, complex, "V7", h5py.ref_dtype,
             np.dtype(("f8", (2,))), h5py.enum_dtype({"a": 0}, "i4"), h5py.vlen_dtype("f8")]
    with h5py.File(case.path, "w") as file:
        for other, values in tables.items():
            if other != name:
                file[f"problems/{other}"] = values
            else:
                file.create_dataset(f"problems/{name}", values.shape, dtype=kinds[case.rng.integers(len(kinds))])


def no_number(case: Case) -> None:
    """Replaces some or all values of observation or context by NaN, infinity or a huge number."""
    case.allowed = {"good"}
    tables = case.tables()
    table = tables[str(case.rng.choice([name for name in tables if name in ("observation", "context")]))]
    bad = case.rng.choice([np.nan, np.inf, -np.inf, 1e300, -1e101])
    if case.rng.random() < 0.3:
        table[:] = bad
    else:
        for _ in range(case.rng.integers(1, 4)):
            table[case.rng.integers(N_PROBLEM), case.rng.integers(table.shape[1])] = bad
    case.write(tables)


def odd_number(case: Case) -> None:
    """Replaces one value of any table by an unusual number: huge, tiny, negative or not finite."""
    case.allowed = {"good"}
    tables = case.tables()
    table = tables[str(case.rng.choice(list(tables)))]
    table.flat[case.rng.integers(table.size)] = case.rng.choice([1e99, -1e50, 1e10, 5e-324, np.nan, np.inf, -3.0])
    case.write(tables)


def huge(case: Case) -> None:
    """Declares huge tables without stored values."""
    case.allowed = {"refused"}
    tables = case.tables()
    n_row = int(case.rng.choice([2**40, 10**12, 10**13, 2**62, 2**63 - 1]))
    with h5py.File(case.path, "w") as file:
        for name, values in tables.items():
            columns = values.shape[1:]
            file.create_dataset(f"problems/{name}", (n_row, *columns), maxshape=(None,) * values.ndim,
                                chunks=(2, *columns), dtype="f8")
        if case.rng.random() < 0.3:
            del file["problems/observation"]
            file.create_dataset("problems/observation", (N_PROBLEM, 2**50), maxshape=(None, None),
                                chunks=(2, 2), dtype="f8")


def missing(case: Case) -> None:
    case.allowed = {"refused"}
    tables = case.tables()
    if case.rng.random() < 0.3:
        with h5py.File(case.path, "w") as file:
            file["problem" if case.rng.random() < 0.5 else "observation"] = tables["observation"]
        return
    del tables[str(case.rng.choice([name for name in tables if name in ("observation", "context")]))]
    case.write(tables)


def link(case: Case) -> None:
    case.allowed = {"refused"}
    other = case.path + ".other"
    tables = case.tables()
    with h5py.File(other, "w") as file:
        file["problems/observation"] = tables["observation"]
    case.write(tables)
    links = {
        "soft": h5py.SoftLink("/elsewhere"),
        "hard": None,
        "dangling": h5py.SoftLink("/nowhere"),
        "loop": h5py.SoftLink("/problems/observation"),
        "external": h5py.ExternalLink(other, "/problems/observation"),
        "external dangling": h5py.ExternalLink("nowhere.h5", "/problems/observation"),
        "soft to external": h5py.SoftLink("/gate/problems/observation"),
        "external group": h5py.ExternalLink(other, "/problems"),
    }
    kind = str(case.rng.choice(list(links)))
    if kind in ("soft", "hard"):
        case.allowed = {"good"}
    with h5py.File(case.path, "r+") as file:
        file["elsewhere"] = file["problems/observation"]
        file["gate"] = h5py.ExternalLink(other, "/")
        if kind == "external group":
            del file["problems"]
            file["problems"] = links[kind]
        else:
            del file["problems/observation"]
            file["problems/observation"] = file["elsewhere"] if kind == "hard" else links[kind]


def elsewhere(case: Case) -> None:
    """Refers to values in another file, by external storage or by a virtual dataset."""
    case.allowed = {"refused"}
    tables = case.tables()
    values = tables["observation"]
    other = case.path + ".other"
    values.tofile(other)
    del tables["observation"]
    case.write(tables)
    with h5py.File(case.path, "r+") as file:
        if case.rng.random() < 0.5:
            file.create_dataset("problems/observation", values.shape, dtype="f8",
                                external=[(other, 0, values.nbytes)])
        else:
            layout = h5py.VirtualLayout(values.shape, dtype="f8")
            layout[:] = h5py.VirtualSource(other, "x", values.shape)
            file.create_virtual_dataset("problems/observation", layout)


def other_object(case: Case) -> None:
    case.allowed = {"refused"}
    tables = case.tables()
    with h5py.File(case.path, "w") as file:
        what = case.rng.integers(4)
        if what == 0:
            file["problems"] = tables["observation"]
            return
        name = str(case.rng.choice(list(tables)))
        for other, values in tables.items():
            if other != name:
                file[f"problems/{other}"] = values
            elif what == 1:
                file.create_group(f"problems/{name}")
            elif what == 2:
                file[f"problems/{name}"] = np.dtype("f8")
            else:
                file[f"problems/{name}"] = h5py.Empty("f8")


def no_hdf5(case: Case) -> None:
    case.allowed = {"refused"}
    what = case.rng.integers(6)
    if what == 0:
        os.mkdir(case.path)
    elif what == 1:
        os.mkfifo(case.path)
    elif what == 2:
        os.symlink(case.path, case.path)
    elif what == 3:
        return  # no file
    else:
        content = case.rng.bytes(case.rng.integers(0, 4000))
        open(case.path, "wb").write(b"\x89HDF\r\n\x1a\n" + content if what == 4 else content)


KINDS = [other_numbers, other_storage, unknown_filter, cut_off, flipped_metadata, flipped_metadata, flipped_chunks,
         wide_chunks, short_chunks, wrong_shape, no_rows, wrong_type, no_number, odd_number, huge, missing, link, elsewhere,
         other_object, no_hdf5]


def make_case(folder: str, k: int, seed: int) -> Case:
    """Makes the k-th file of a seed. Its kind is KINDS[k % len(KINDS)]."""
    case = Case(os.path.join(folder, f"case{k}.h5"), np.random.default_rng([seed, k]))
    breaking = KINDS[k % len(KINDS)]
    case.kind = breaking.__name__
    breaking(case)
    return case
