"""Label tables of one small archive in many forms, and tables that may be read in several ways.

The archive: t0 has grass, t1 no label, t2 sea, t3 both; t0 and t1 are of the scene farm, the others
of port.
"""

from typing import Any

HEAD = "image,scene,grass,sea\n"
ROWS = "t0,farm,1,0\nt1,farm,0,0\nt2,port,0,1\nt3,port,1,1\n"
PLAIN = HEAD + ROWS


def words(present: str, absent: str) -> str:
    return HEAD + ROWS.replace(",0", f",{absent}").replace(",1", f",{present}")


def lists(separator: str, quote: str = "") -> str:
    both = f"{quote}grass{separator}sea{quote}"
    return f"image,scene,labels\nt0,farm,grass\nt1,farm,\nt2,port,sea\nt3,port,{both}\n"


def renamed(column: str) -> str:
    return PLAIN.replace("image", column, 1)


Settings = dict[str, Any]

SAME: dict[str, tuple[str | bytes, Settings]] = {
    "0 and 1": (PLAIN, {}),
    "true and false": (words("true", "false"), {}),
    "True and False": (words("True", "False"), {}),
    "TRUE and FALSE": (words("TRUE", "FALSE"), {}),
    "1.0 and 0.0": (words("1.0", "0.0"), {}),
    "0 and 1 in some columns, 0.0 and 1.0 in others": (PLAIN.replace("1\n", "1.0\n"), {}),
    "yes and no": (words("yes", "no"), {}),
    "y and n": (words("Y", "N"), {}),
    "1 and -1": (words("1", "-1"), {}),
    "1 and empty": (words("1", ""), {}),
    "1.0 and empty": (words("1.0", ""), {}),
    "x and empty": (words("x", ""), {}),
    "decimal commas": (PLAIN.replace(",", ";").replace(";0", ";0,0").replace(";1", ";1,0"), {}),
    "semicolons": (PLAIN.replace(",", ";"), {}),
    "tabs": (PLAIN.replace(",", "\t"), {}),
    "pipes": (PLAIN.replace(",", "|"), {}),
    "spaces after commas": (PLAIN.replace(",", ", "), {}),
    "Windows' line ends": (PLAIN.replace("\n", "\r\n"), {}),
    "old Mac's line ends": (PLAIN.replace("\n", "\r"), {}),
    "byte order mark": ("\ufeff" + PLAIN, {}),
    "UTF-16": (PLAIN.encode("utf-16"), {}),
    "UTF-16, big end first": (b"\xfe\xff" + PLAIN.encode("utf-16-be"), {}),
    "UTF-32": (PLAIN.encode("utf-32"), {}),
    "comments and an empty line": (f"# my labels, 2020\n#\n\n{PLAIN}", {}),
    "a hint to Excel": ("sep=;\n" + PLAIN.replace(",", ";"), {}),
    "trailing commas": (PLAIN.replace("\n", ",\n"), {}),
    "an index without a name": (
        "".join(
            f"{row}\n" for row in map(",".join, zip(["", *"0123"], PLAIN.split(), strict=True))
        ),
        {},
    ),
    "file names": (PLAIN.replace(",farm", ".png,farm").replace(",port", ".png,port"), {}),
    "another ending": (PLAIN.replace("t0,", "t0.tif,"), {}),
    "./": (PLAIN.replace("\nt", "\n./t"), {}),
    "a folder above the root": (PLAIN.replace("\nt", "\ntiles/t"), {}),
    "Windows' paths": (PLAIN.replace("\nt", "\ntiles\\t"), {}),
    "lists by semicolon": (lists(";"), {}),
    "lists by semicolon and space": (lists("; "), {}),
    "lists by pipe": (lists("|"), {}),
    "lists by comma": (lists(",", '"'), {}),
    "lists by space": (lists(" "), {"label_separator": " "}),
    "lists by slash": (lists("/"), {"label_separator": "/"}),
    "lists that end with a separator": (lists(";").replace("grass;sea", "grass;sea;"), {}),
    "lists in tabs": (lists(";").replace(",", "\t"), {}),
    "lists in JSON": (
        "image,scene,labels\n"
        't0,farm,"[""grass""]"\nt1,farm,[]\nt2,port,"[""sea""]"\nt3,port,"[""grass"", ""sea""]"\n',
        {},
    ),
    "lists in Python": (
        "image,scene,labels\n"
        "t0,farm,['grass']\nt1,farm,[]\nt2,port,['sea']\nt3,port,\"['grass', 'sea']\"\n",
        {},
    ),
    "lists in a column of another name": (
        lists(";").replace("labels", "surfaces"),
        {"columns": ["surfaces"]},
    ),
    "a row for each image and label": (
        "image,scene,label\nt0,farm,grass\nt1,farm,\nt2,port,sea\nt3,port,grass\nt3,port,sea\n",
        {},
    ),
    "rows for each label, apart": (
        "image,scene,label\nt3,port,sea\nt0,farm,grass\nt1,farm,\nt2,port,sea\nt3,port,grass\n",
        {"order": ["t3", "t0", "t1", "t2"]},
    ),
    "scenes in column class": (PLAIN.replace("scene", "class", 1), {}),
    "scenes in column Scene": (PLAIN.replace("scene", "Scene", 1), {}),
    "scenes in a column of another name": (
        PLAIN.replace("scene", "kind", 1),
        {"scene_column": "kind"},
    ),
    "labels among other columns": (
        "grass,image,date,sea,scene\n"
        "1,t0,2020-01-01,0,farm\n0,t1,2020-01-01,0,farm\n0,t2,2020-02-01,1,port\n1,t3,,1,port\n",
        {},
    ),
    "a column that only looks like a label": (
        "image,scene,grass,sea,flight\n"
        "t0,farm,1,0,0\nt1,farm,0,0,1\nt2,port,0,1,1\nt3,port,1,1,0\n",
        {"ignore": ["flight"]},
    ),
    "columns that are named": (
        "image,scene,grass,sea,flight\n"
        "t0,farm,1,0,0\nt1,farm,0,0,1\nt2,port,0,1,2\nt3,port,1,1,0\n",
        {"columns": ["grass", "sea"]},
    ),
    "a number and a file name": (
        "id,filename,scene,grass,sea\n"
        "1,t0.png,farm,1,0\n2,t1.png,farm,0,0\n3,t2.png,port,0,1\n4,t3.png,port,1,1\n",
        {},
    ),
    "rows without an image": (PLAIN + "t4,lake,0,1\n", {"missing": "ignore"}),
    **{
        f"column {column}": (renamed(column), {})
        for column in (
            *("filename", "file", "path", "id", "image_name", "Image", "IMAGE\\LABEL"),
            *("IMAGE/LABEL", "image_id", "file_name", "img_path", "patch_id", "name"),
        )
    },
    "column tower": (renamed("tower"), {"image_column": "tower"}),
}
"""Tables that say the same, with the keys of the configuration that they need."""

REFUSED: dict[str, tuple[str | bytes, Settings, str]] = {
    "no column names": (ROWS, {}, "the first line has no column names but 't0', 'farm', '1', …"),
    "no column of images": (renamed("tower"), {}, "no column 'image' among 'tower'"),
    "image_column that is none": (
        PLAIN,
        {"image_column": "file"},
        "no column 'file' among 'image'",
    ),
    "two words in two columns": (
        "image,grass,sea\nt0,1,no\nt1,0,no\nt2,0,yes\nt3,1,yes\n",
        {},
        "labels are written in two ways, 0 and 1 and, in column 'sea', 'no', 'yes'; write all",
    ),
    "two words in one column": (
        PLAIN.replace("port,0,1", "port,0,yes"),
        {},
        "row 3 ('t2'), column 'sea': 'yes' is neither 0 nor 1; correct it, or name the column in",
    ),
    "-1 beside 0": (PLAIN.replace("port,0,1", "port,-1,1"), {}, "-1 may mean absent or unknown"),
    "empty beside 0": (PLAIN.replace("port,0,1", "port,,1"), {}, "'grass': '' is neither 0 nor 1"),
    "one 2 among labels": (PLAIN.replace("port,0,1", "port,2,1"), {}, "'grass': '2' is neither"),
    "counts": (
        "image,cars,sea\nt0,3,0\nt1,0,0\nt2,12,1\nt3,1,1\n",
        {},
        "row 1 ('t0'), column 'cars': '3' is neither 0 nor 1; correct it, or name the column in",
    ),
    "percentages": (PLAIN.replace(",1", ",100%"), {}, "'100%' is neither 0 nor 1"),
    "probabilities": (
        "image,grass,sea\nt0,0.93,0\nt1,0.12,0\nt2,0.40,1\nt3,0.77,1\n",
        {},
        "column 'grass' has numbers between 0 and 1; if it is no label, name it in ignore",
    ),
    "a column without cells": (
        PLAIN.replace("sea\n", "sea,ice\n", 1).replace("0\nt", "0,\nt").replace("1\n", "1,\n"),
        {},
        "column 'ice' is empty, so it is not clear whether it is a label",
    ),
    "lists beside columns": (
        "image,labels,cloudy\nt0,grass,0\nt1,,1\nt2,sea,0\nt3,grass;sea,0\n",
        {},
        "labels may stand in 'labels', 'cloudy'; name the column or the columns of labels",
    ),
    "lists of another name beside columns": (
        "image,surfaces,cloudy\nt0,grass,0\nt1,,1\nt2,sea,0\nt3,grass;sea,0\n",
        {},
        "column 'surfaces' seems to hold lists of labels, beside columns of 0 and 1; if it is no",
    ),
    "names of one label each in a column of an unknown name": (
        "image,sea\nt0,ja\nt1,nein\nt2,nein\nt3,ja\n",
        {},
        "no label columns among 'sea'; add a column of 0 and 1 for each label, or name a column",
    ),
    "two columns of names": (
        "image,first,second\nt0,grass,sea\nt1,sea;lake,sand\nt2,sea,sand\nt3,grass,sand;lake\n",
        {},
        "labels may stand in 'first', 'second'; name the column",
    ),
    "two separators": (
        "image,labels\nt0,grass\nt1,grass|sand\nt2,sea\nt3,grass;sea\n",
        {},
        "column 'labels': labels may be separated by ';', '|', as in 'grass|sand'; set label_sep",
    ),
    "lists by space, untold": (
        lists(" "),
        {},
        "'grass sea' may be one label or several; set label_",
    ),
    "lists by plus, untold": (
        lists("+"),
        {},
        "'grass+sea' may be one label or several; set label_",
    ),
    "a label with a comma in it": (
        'image,label\nt0,"Beaches, dunes"\nt1,sea\nt2,"Beaches, dunes"\nt3,sea\n',
        {},
        "'Beaches' and 'dunes' always stand together, so 'Beaches, dunes' may be one label; set",
    ),
    "lists in several rows of one image": (
        "image,label\nt0,grass\nt1,sand;sea\nt2,sea\nt3,grass\nt3,sea\n",
        {},
        "several rows of one image, and 'sand;sea', which may be several labels; set label_separ",
    ),
    "vectors without names": (
        'image,labels\nt0,"[1, 0]"\nt1,"[0, 0]"\nt2,"[0, 1]"\nt3,"[1, 1]"\n',
        {},
        "lists of 0 and 1 do not name labels; write a column for each label",
    ),
    "an array of NumPy": (
        "image,labels\nt0,['grass']\nt1,[]\nt2,['sea']\nt3,['grass' 'sea']\n",
        {},
        "\"['grass' 'sea']\" is not a list in JSON",
    ),
    "numbers of classes": (
        "image,label\nt0,0\nt1,1\nt2,2\nt3,2\n",
        {},
        "'0' among names of labels; write 0 and 1 alone, or set label_separator",
    ),
    "nan for no label": (
        "image,labels\nt0,grass\nt1,nan\nt2,sea\nt3,grass;sea\n",
        {},
        "'nan' is no name of a label; leave the cell of an image without labels empty",
    ),
    "labels that differ in case": (
        "image,labels\nt0,grass\nt1,Grass\nt2,sea\nt3,grass;sea\n",
        {},
        "labels 'Grass' and 'grass' differ in case alone; write them alike",
    ),
    "scenes alone": (
        "image,scene\nt0,farm\nt1,farm\nt2,port\nt3,port\n",
        {},
        "no label columns; add a column of 0 and 1 for each label, or name a column of lists in",
    ),
    "two columns of scenes": (
        "image,Scene,scene_class,sea\nt0,a,b,0\nt1,a,b,0\nt2,a,b,1\nt3,a,b,1\n",
        {},
        "scenes may stand in 'Scene', 'scene_class'; set scene_column to one of them",
    ),
    "two scenes of one image": (
        "image,scene,label\nt0,farm,grass\nt1,farm,\nt2,port,sea\nt3,port,grass\nt3,farm,sea\n",
        {},
        "image 't3' has two scenes in its rows; keep one",
    ),
    "two columns of other images": (
        "filename,path,sea\nt0,t1.png,0\nt1,t0.png,0\nt2,t2.png,1\nt3,t3.png,1\n",
        {},
        "images may stand in column 'filename' or 'path'; set image_column to one of them",
    ),
    "columns that are none": (PLAIN, {"columns": ["gras"]}, "no column 'gras'; there is 'grass'"),
    "a column that is named twice": (
        PLAIN,
        {"columns": ["sea"], "ignore": ["sea"]},
        "column 'sea' is named in columns and in ignore; choose one",
    ),
    "two columns of lists": (
        "image,first,second\nt0,grass,\nt1,sea,sand\nt2,sea,\nt3,grass,sand\n",
        {"columns": ["first", "second"], "label_separator": ";"},
        "one column of lists is read; name it alone in columns",
    ),
    "a short row": (PLAIN.replace("farm,0,0", "farm,0"), {}, "line 3 has 3 of 4 cells; give each"),
    "a long row": (PLAIN.replace("farm,0,0", "farm,0,0,1"), {}, "not a table ("),
    "another case": (PLAIN.replace("t0,", "T0,"), {}, "without an image: 'T0' ('T0' may be 't0')"),
    "zeros that a spreadsheet left out": (PLAIN.replace("t0,", "0t0,"), {}, "('0t0' may be 't0')"),
    "a path of Windows": (
        PLAIN.replace("t0,", "C:\\tiles\\t0.png,"),
        {},
        "leads outside the image",
    ),
    "a path up with a backslash": (PLAIN.replace("t0,", "a\\..\\..\\t0,"), {}, "leads outside the"),
    "all rows without an image": (
        PLAIN.replace("\nt", "\nu"),
        {"missing": "ignore"},
        "4 of 4 rows without an image: 'u0', 'u1', 'u2', …",
    ),
    "Excel": (b"PK\3\4\x14\0", {}, "an Excel file or a zip archive; save the sheet as CSV"),
    "old Excel": (b"\xd0\xcf\x11\xe0\xa1", {}, "an Excel file; save the sheet as CSV"),
    "gzip": (b"\x1f\x8b\x08\0", {}, "compressed by gzip; unpack it"),
    "MATLAB": (b"MATLAB 5.0 MAT-file", {}, "a MATLAB file; export the labels as CSV"),
    "a page": ("<!DOCTYPE html><html>", {}, "a page (HTML or XML), not a table"),
    "UTF-16 without a mark": (PLAIN.encode("utf-16-le"), {}, "has zero bytes"),
    "UTF-16 that ends early": (PLAIN.encode("utf-16")[:-1], {}, "not UTF-16"),
    "a damaged parquet": (b"PAR1\0\0\0\0PAR1", {}, "cannot be read as parquet"),
}
"""Tables that are refused, with keys of the configuration and a part of the line."""
