from typing import Any

import pytest
import yaml
from PIL import Image

from project import Project

# Of the small run: one network, four labelings, one seed; and three descriptions without learning.
SAID = {"summary": 1, "overview": 1, "all": 1}
FROM_CONTRASTS = {"gain": 1, "plot_contrasts": 1, **SAID}
FROM_SCORES = {
    "compare": 1,
    "plot_comparison": 1,
    "by_scene": 1,
    "plot_scenes": 1,
    "gallery": 1,
    "contrasts": 1,
    **FROM_CONTRASTS,
}
TABLES = {"by_label": 1, "plot_cutoffs": 1, **FROM_SCORES}
LEARNT = {"plot_learning": 1, "plot_maps": 1}
FINETUNED = {"finetune": 4, "reextract": 4, "retrieve": 4, "score": 4, **LEARNT, **TABLES}
SCORED = {"score": 8, **FROM_SCORES}
EXTRACTED = {"extract": 1, "audit": 1, **FINETUNED, "retrieve": 5, "score": 5}
RETRIEVED = {"retrieve": 8, "score": 8, **TABLES}
WORDS = {"visual_words": 1, "describe": 1}
SPLIT = {"split": 1, "audit": 1, "bounds": 1, **WORDS, **LEARNT, **FINETUNED, **RETRIEVED}


def test_a_second_run_has_nothing_to_do(finished: Project) -> None:
    before = finished.made()
    again = finished.make()
    assert again.status == 0
    assert "Nothing to be done" in again.text
    assert finished.made() == before


def test_a_run_up_to_a_stage_ends_well_without_tables(finished: Project) -> None:
    finished.path("results/sample/tables/comparison.csv").unlink()
    partial = finished.run("--cores", "1", "--until", "archive")
    assert partial.status == 0
    assert "Traceback" not in partial.text
    assert "accuracy" not in partial.text


def test_a_touch_of_modules_rules_and_config_reruns_nothing(finished: Project) -> None:
    library = finished.path("workflow/scripts/rsir").rglob("*.py")
    rules = finished.path("workflow/rules").iterdir()
    others = [finished.path("Snakefile"), *finished.path("config").iterdir()]
    for file in (*library, *rules, *others):
        file.touch()
    assert finished.plan().jobs == {}


def test_a_change_of_code_reruns_its_rules_unless_results_are_touched(finished: Project) -> None:
    finished.path("workflow/scripts/score.py").touch()
    with finished.path("workflow/scripts/rsir/evaluation/by_label.py").open("a") as file:
        file.write("\n")
    assert finished.plan().jobs == {**SCORED, "by_label": 1}
    assert finished.run("--touch", "--cores", "1").status == 0
    assert finished.plan().jobs == {}


@pytest.mark.parametrize(
    ("module", "jobs"),
    [
        # the scenes of the sample archive are drawn by it: all but where the weights are
        (
            "archives/synthetic_scenes/transport.py",
            {
                "synthetic": 1,
                "archive": 1,
                "duplicates": 1,
                "thumbnails": 1,
                "extract": 1,
                **SPLIT,
                "describe": 3,
            },
        ),
        # imported by finetuning.py and the script of finetune
        ("training/labelings.py", FINETUNED),
        # imported by the scripts of retrieve, audit and query, of which the run has the first two
        ("search/exact.py", {"audit": 1, **RETRIEVED}),
        # imported by bounds.py and scores.py, by all that reads scores, and by what stops training
        ("metrics/label_pairs.py", {"bounds": 1, **FINETUNED, **RETRIEVED}),
        # imported by visual_words.py and handcrafted_files.py, and these by the scripts of
        # visual_words and describe alone
        (
            "descriptors/handcrafted.py",
            {"visual_words": 1, "describe": 3, "retrieve": 3, "score": 3, **TABLES},
        ),
        # imported by tables.py, and that by the script of compare; and by contrasts.py, and that
        # by the scripts of contrasts and gain and by summary.py
        (
            "statistics/bootstrap.py",
            {
                "compare": 1,
                "plot_comparison": 1,
                "contrasts": 1,
                **FROM_CONTRASTS,
            },
        ),
        # each imported by the script of its own name
        ("evaluation/by_label.py", {"by_label": 1, **SAID}),
        ("evaluation/by_scene.py", {"by_scene": 1, "plot_scenes": 1, **SAID}),
        # imported by the script of summary
        ("reports/summary.py", SAID),
        # imported by the scripts of weights and download, of which the run has the first
        ("networks/weight_sources.py", {"weights": 1, **EXTRACTED}),
        # the table of networks/torchgeo.py, which is imported where networks are loaded
        ("networks/torchgeo.csv", {"weights": 1, **EXTRACTED}),
        # imported by the script of thesis, which this run has no use for
        ("evaluation/thesis_numbers.py", {}),
    ],
)
def test_an_edit_of_a_module_reruns_what_imports_it(
    finished: Project, module: str, jobs: dict[str, int]
) -> None:
    with finished.path(f"workflow/scripts/rsir/{module}").open("a") as file:
        file.write("\n")
    assert finished.plan().jobs == jobs


@pytest.mark.parametrize(
    ("change", "jobs"),
    [
        ({"split": {"test_fraction": 0.2}}, SPLIT),
        ({"finetuning": {"tail": {"learning_rate": 0.001}}}, FINETUNED),
        (
            {"labelings": {"powerset": {"finetuning": {"batch_size": 16}}}},
            dict.fromkeys(FINETUNED, 1),
        ),
        ({"retrieval": {"cutoffs": [5]}}, {"bounds": 1, **RETRIEVED}),
        ({"retrieval": {"database": "all"}}, {"bounds": 1, "audit": 1, **RETRIEVED}),
        ({"audit": {"minimum_positives": 3}}, {"audit": 1, "all": 1}),
        ({"audit": {"fail_on": "note"}}, {"check_audit": 1, **FINETUNED}),
        # the maps are of the first seed
        ({"run": {"seeds": [0, 1]}}, {k: v for k, v in FINETUNED.items() if k != "plot_maps"}),
        ({"run": {"labelings": ["multi_label"]}}, {**LEARNT, **TABLES}),
        ({"run": {"backbones": ["efficientnet_lite0", "lbp"]}}, TABLES),
        (
            {"backbones": {"bovw_sift": {"seed": 1}}},
            {**WORDS, "retrieve": 1, "score": 1, **TABLES},
        ),
        ({"archives": {"ucmerced": {"root": "elsewhere"}}}, {}),
    ],
    ids=str,
)
def test_a_change_of_config_reruns_what_it_is_for(
    finished: Project, change: dict[str, Any], jobs: dict[str, int]
) -> None:
    assert finished.configure(change).plan().jobs == jobs


def test_another_seed_makes_only_its_own_results(finished: Project) -> None:
    before = finished.made()
    planned = set(finished.configure({"run": {"seeds": [0, 1]}}).plan().outputs)
    tables = ("comparison.csv", "contrasts.csv", "gain.csv", "by_scene.csv", "by_label.csv")
    assert planned & before == {
        *(
            f"results/sample/tables/{table}"
            for table in (*tables, "summary.md", "index.html", "comparison.tex")
        ),
        *(path for path in before if "/figures/" in path and "/maps." not in path),
        "results/sample/gallery/index.html",
    }
    assert all("-seed1." in path for path in planned - before)


def test_what_equals_a_default_can_be_left_out_later(finished: Project) -> None:
    file = finished.path("config/config.yaml")
    config = yaml.safe_load(file.read_text(encoding="utf-8"))
    for section in ("split", "extraction", "finetuning", "retrieval"):
        del config[section]
    file.write_text(yaml.safe_dump(config, sort_keys=False))
    assert finished.plan().jobs == {}


def test_a_forced_training_replaces_its_model_by_the_same(finished: Project) -> None:
    model = "results/sample/models/efficientnet_lite0/multi_label-seed0.safetensors"
    before, files = finished.path(model).stat().st_mtime_ns, finished.made()
    forced = finished.make(model, "--forcerun", "finetune")
    assert forced.status == 0, forced.text
    assert forced.jobs == {"finetune": 1}
    assert finished.path(model).stat().st_mtime_ns > before
    assert finished.made() == files


def test_a_failed_job_leaves_one_line_and_no_output_and_the_run_goes_on(
    finished: Project,
) -> None:
    descriptors = "results/sample/descriptors/efficientnet_lite0/off_the_shelf.h5"
    activations = "results/sample/activations/efficientnet_lite0.h5"
    tile = finished.path("results/sample/tiles/Images/beach/beach01.png")
    whole = tile.read_bytes()
    tile.write_bytes(whole[: len(whole) // 2])
    for path in (descriptors, activations):
        finished.path(path).unlink()
    others = finished.made()

    failed = finished.make(descriptors)
    assert failed.status != 0
    (error,) = failed.errors
    assert error.startswith("results/sample/tiles/Images/beach/beach01.png: cannot be decoded")
    assert error.endswith("replace the file")
    assert "Traceback" not in failed.text
    log = finished.path("logs/sample/extract/efficientnet_lite0.log").read_text(encoding="utf-8")
    assert error in log
    assert "Traceback" not in log
    assert finished.made() == others

    tile.write_bytes(whole)
    mended = finished.make(descriptors)
    assert mended.status == 0, mended.text
    assert mended.jobs == {"extract": 1}
    assert finished.path(activations).exists()


def test_a_run_goes_on_where_a_bad_label_table_stopped_it(project: Project) -> None:
    mine = project.path("mine")
    mine.mkdir()
    labels = project.path("mine.csv")
    labels.write_text("image,scene,trees\none,forest,1\ntwo,forest,yes\n")
    for image in ("one.png", "two.png"):
        Image.new("RGB", (8, 8)).save(mine / image)
    project.configure(
        {
            "archives": {"mine": {"kind": "table", "root": "mine", "labels": "mine.csv"}},
            "split": {"test_fraction": 0.5},
        }
    )
    failed = project.make("results/mine/split.csv")
    assert failed.status != 0
    assert failed.errors == [
        "mine.csv: row 2 ('two'), column 'trees': 'yes' is neither 0 nor 1; correct it, or name "
        "the column in ignore if it is no label"
    ]
    assert "Traceback" not in failed.text
    assert project.made() == set()

    labels.write_text(labels.read_text().replace("yes", "1"))
    mended = project.make("results/mine/split.csv")
    assert mended.status == 0, mended.text
    assert project.path("results/mine/split.csv").read_text().splitlines() == [
        "image,subset",
        "one,train",
        "two,test",
    ]
