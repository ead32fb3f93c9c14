"""What runs when: definitions, jobs, schedules, sensors, partitions and the command line.

Keep out: what an asset reads and writes (assets/), where things live (resources/), how anything is computed (models/).
"""
