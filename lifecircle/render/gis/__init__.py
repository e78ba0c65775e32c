"""Layers for a GIS: the run's own GeoPackage, and exports in other formats."""
