"""The task tags, in OpenRouter's public words, and the families that they belong to.

`macro:name` is a tag of a macro category; the others are categories by themselves. A family is ours: tags whose models
are ranked by the same evidence, and what is said of a prompt whose tag is too uncertain.
"""

FAMILIES: dict[str, tuple[str, ...]] = {
    "agent": (
        "agent:workflow_execution",
        "agent:multi_step_planning",
        "agent:tool_dispatch",
        "agent:web_search",
        "agent:memory_extraction",
    ),
    "code": (
        "code:general_impl",
        "code:debugging",
        "code:file_read_write",
        "code:review_security",
        "code:shell_execution",
        "code:frontend_ui",
        "code:repo_scan",
        "code:devops_config",
        "code:sql_database",
        "devops",
        "security_audit",
    ),
    "data": ("data:extraction", "data:transformation", "classification_tagging"),
    "language": ("summarization", "translation"),
    "writing": ("content_writing", "roleplay_fiction", "image_prompting"),
    "knowledge": ("qa_knowledge", "research_report"),
    "numbers": ("math", "finance_trading"),
    "talk": ("conversational_reply", "customer_support"),
}

TAGS: tuple[str, ...] = tuple(tag for tags in FAMILIES.values() for tag in tags)
FAMILY: dict[str, str] = {tag: family for family, tags in FAMILIES.items() for tag in tags}
OTHER = "other"
"""The tag and the family of a prompt that could be anything."""
