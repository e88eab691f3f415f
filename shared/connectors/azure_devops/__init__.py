"""Azure DevOps Boards, REST 7.1."""
