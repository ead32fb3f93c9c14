"""Where things live: settings, the warehouse, the artifact store, the text encoder, text generators, compute.

Keep out: what an asset is (assets/) and how anything is computed (models/).
"""
