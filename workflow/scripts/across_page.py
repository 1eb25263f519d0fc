"""Write the results across archives in words, and as one page."""

from pathlib import Path

from rsir.core.files import written_whole
from rsir.core.job import job
from rsir.evaluation.methods import ACROSS
from rsir.evaluation.tables import read_named
from rsir.reports.across_page import across_page
from rsir.reports.across_summary import across_summary
from rsir.reports.latex import latex_table

if __name__ == "__main__":
    with job(snakemake):
        names = ("comparison", "contrasts", "ranks")
        tables = {name: read_named(Path(snakemake.input[name]), ACROSS) for name in names}
        summary = across_summary(**tables)
        page = across_page(
            Path(snakemake.input.page[0]), summary, **tables, reference=snakemake.params.reference
        )
        latex = latex_table(tables["comparison"], tables["contrasts"], snakemake.params.reference)
        texts = {"summary": summary, "page": page, "latex": latex}
        for path, text in ((snakemake.output[name], text) for name, text in texts.items()):
            with written_whole(Path(path)) as partial:
                partial.write_text(text, encoding="utf-8")
