# Query by example: images of your own as queries.
#
# needs  results/{archive}/archive.csv, pixels.json, thumbnails.h5
#        results/{archive}/descriptors/{backbone}/{model}.h5, and their origin:
#        results/{archive}/weights/{backbone}.json, precision/{backbone}.json
#        results/{archive}/models/{backbone}/{model}.safetensors
#        results/{archive}/words/{backbone}.h5 of visual words
#        these files of the members of an ensemble
# makes  results/{archive}/queries/{query}/{backbone}/{model}.csv, .png, .html


rule query:
    input:
        image=query_image,
        archive="results/{archive}/archive.csv",
        pixels="results/{archive}/pixels.json",
        thumbnails="results/{archive}/thumbnails.h5",
        descriptors="results/{archive}/descriptors/{backbone}/{model}.h5",
        origin=files_of_query,
        page=page("query.html"),
    output:
        table="results/{archive}/queries/{query}/{backbone}/{model}.csv",
        sheet="results/{archive}/queries/{query}/{backbone}/{model}.png",
        page="results/{archive}/queries/{query}/{backbone}/{model}.html",
    log:
        "logs/{archive}/query/{query}/{backbone}/{model}.log",
    conda:
        "../../envs/torch.yaml"
    threads: 4
    resources:
        mem_mb=by_images(4000, 1000),
        runtime=by_images(30, 10, retried=False),
    params:
        code=code("query.py"),
        top=max(config["retrieval"]["cutoffs"]),
        digests=digests(query_image),
    script:
        "../scripts/query.py"
