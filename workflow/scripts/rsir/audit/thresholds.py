"""The thresholds of the audit, each with its reason."""

FEW = 0.01
"""Share of the images above which a finding on single images is a warning, not a note.

One image in a hundred moves a mean over queries by at most a point, as much as many differences
that are reported between methods.
"""

MANY_LABELS = 3.5
"""An image with more than m + 3.5 √m labels, m the median, has very many.

The number of labels is a sum of 0/1 values, whose variance is at most its mean; 3.5 standard
deviations are exceeded by one in four thousand.
"""

MOSTLY = 0.5
"""Share of a scene's images above which a label that its name promises counts as lost."""

SOME = 0.05
"""Share of a scene's images above which such a label is missing on more than odd images."""

OTHER_SCENE = 0.95
"""Share of another scene's images above which a label belongs to that scene's content."""

SCENE_IMAGES = 20
"""Images of a scene below which a label that one of them lacks says nothing."""

SCENE_FEW = 0.01
"""Share of a scene's images that may lack a label for it to count as one of all but a few."""

TOGETHER_IMAGES = 5
"""Images below which two labels that come together may do so by chance."""

APPLIES = 0.95
"""Share of the images with one label of an exclusive group above which each should have one."""

CLOSE = 0.1
"""Share of the test images close to a training image above which it is a warning.

A region that is split at random has nearly all of them close; blocks have those at their borders.
"""

LARGE_GROUP = 0.01
"""Share of the archive above which a group of duplicates is a chain rather than copies."""

LARGE_GROUP_IMAGES = 10
"""Images that a large group has at least, in archives so small that a copy is one percent."""

CONSTANT = 2.0
"""Standard deviation of the grey levels, of 255, below which an image shows nearly nothing.

The calmest tiles of UC Merced and AID, bare fields and deserts, have 3 and more.
"""

PLAIN = 0.5
"""Share of an image's pixels of one grey level, up to one, above which it is mostly a plain area.

Missing values are written as one value. Of 2,000 tiles of UC Merced and AID, calm water and deserts
have 0.45 at most.
"""

CLIPPED = 0.25
"""Share of white pixels above which an image is saturated; those tiles have 0.07 at most."""

GREY = 1.0
"""Mean difference of the channels of a pixel below which one band is repeated.

The greyest of those tiles has 3; a JPEG changes a grey pixel by less than 1.
"""

COLOURED = 0.5
"""Share of an archive's images in colour above which grey ones are unexpected."""

USUAL_SIZE = 0.9
"""Share of an archive's images of one size above which other sizes are unexpected."""

RADIOMETRY = 2.0
"""Difference of the mean brightness or contrast of a group of images from that of the others, in
standard deviations within groups, above which they are of another radiometry.

At 2 the values of one group lie beyond nearly all of the other (Ashman's criterion for two separate
normal distributions).
"""

GROUP_IMAGES = 20
"""Images that a group has at least for its radiometry to be compared."""

MOST_GROUPS = 20
"""Values of an attribute above which it does not group an archive."""

NEIGHBOURS = 10
"""Neighbours that the labels of an image are compared with."""

CONTRADICTION = 0.3
"""By how much the neighbours of an image agree more with each other than with it, to be listed.

The agreement of two label sets is their Jaccard index, 0 to 1. One in a hundred tiles of UC Merced
and AID has more.
"""

MOST_CONTRADICTIONS = 100
"""Images of the list, from the strongest contradiction."""

COMMON_WORD = 0.02
"""Share of the images above which a word of local features is too common to be of use."""

COMMON_WORD_IMAGES = (20, 200)
"""Least and largest number of images that this share stands for; the time depends on the latter."""

SHARED_WORDS = 8
"""Weight that a pair shares at least, in words that no other image has.

Half-overlapping crops of UC Merced share 20 such words (19 of 20 pairs), its other tiles with their
nearest neighbour 6 (half of them).
"""

AGREEING_FEATURES = 5
"""Matching features that agree on a registration at least; two determine one."""

FEATURE_TOLERANCE = 3.0
"""Distance in pixels of the reduced images within which a feature agrees."""

SCALES = (0.4, 2.5)
"""Scales of a registration."""

COMMON_CONTRAST = 3.0
"""Standard deviation in gray levels of the common pixels below which they show nothing to compare:
noise and the blocks of JPEG have about as much."""

CORRELATION = 0.96
"""Correlation of the common pixels from which a pair is confirmed.

Among 840 tiles of UC Merced, overlapping crops of the same imagery have .998 and more; runways,
which look alike, up to .958.
"""

OVERLAP = 0.2
"""Share of the smaller image that a pair must have in common."""

NEAR_OVERLAP = 0.7
"""Share from which a pair counts as `near` rather than `overlap`: a shift by less than a third."""
