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
