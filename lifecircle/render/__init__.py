"""What people look at: the map and the files. Render functions return objects; one writes."""
