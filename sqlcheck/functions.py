"""Which built-in functions make NULL of values that are not, and which never do."""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


MAY_BE_NULL = _names(
    """
    array_dims array_length array_lower array_ndims array_upper box_intersect close_lseg
    col_description has_column_privilege icu_unicode_version inet_client_addr inet_client_port
    inet_server_addr inet_server_port json_array_element json_array_element_text
    json_extract_path json_extract_path_text json_object_field json_object_field_text
    jsonb_array_element jsonb_array_element_text jsonb_bool jsonb_extract_path
    jsonb_extract_path_text jsonb_float4 jsonb_float8 jsonb_int2 jsonb_int4 jsonb_int8
    jsonb_numeric jsonb_object_field jsonb_object_field_text jsonb_path_exists_opr
    jsonb_path_match jsonb_path_match_opr jsonb_path_match_tz jsonb_path_query_first
    jsonb_path_query_first_tz line_interpt lseg_interpt multirange_lower multirange_upper
    numeric_min_scale numeric_scale obj_description path_add path_area
    pg_current_xact_id_if_assigned range_lower range_upper regexp_match regexp_match_no_flags
    regexp_substr regexp_substr_no_flags regexp_substr_no_n regexp_substr_no_occurrence
    regexp_substr_no_start regexp_substr_no_subexpr shobj_description
    show_config_by_name_missing_ok substring system_user textregexsubstr txid_status
    uuid_extract_timestamp uuid_extract_version
    """
)
"""Strict, yet NULL for some input that is not: by C name, or by name where they are SQL.

Found by calling all of them; left out are those that need an infinite timestamp or an empty format.
"""

CATALOG_LOOKUPS = ("pg_", "to_reg", "has_", "currtid")
"""How the names of functions begin that look things up, and may not find them."""

NEVER_NULL = _names(
    """
    array_append array_prepend concat daterange int4range int8range json_build_array
    json_build_object jsonb_build_array jsonb_build_object num_nonnulls num_nulls numrange
    quote_nullable tsrange tstzrange
    """
)
"""Not strict, and never NULL."""

PASSES_NULL = _names(
    """
    array_cat array_remove array_replace array_to_string concat_ws format json_populate_record
    jsonb_populate_record jsonb_set_lax overlaps string_to_array
    """
)
"""Not strict, and NULL only if an argument is."""

ROWS_NEVER_NULL = _names(
    """
    generate_series generate_subscripts json_array_elements json_object_keys
    jsonb_array_elements jsonb_object_keys jsonb_path_query regexp_matches regexp_split_to_table
    """
)
"""Set-returning, and no row is NULL."""

COLUMNS_NEVER_NULL = {
    "json_each": (1, 2),
    "json_each_text": (1,),
    "jsonb_each": (1, 2),
    "jsonb_each_text": (1,),
}
"""Set-returning, of several columns: the numbers of those that are never NULL."""

IF_ROWS = _names(
    """
    any_value avg bit_and bit_or bit_xor bool_and bool_or every max min mode percentile_cont
    percentile_disc range_agg range_intersect_agg stddev_pop string_agg sum var_pop xmlagg
    """
)
"""Aggregates that are NULL only for no rows, or if all values are."""

COLLECTS = _names(
    """
    array_agg json_agg json_agg_strict json_arrayagg json_object_agg json_object_agg_strict
    json_objectagg jsonb_agg jsonb_agg_strict jsonb_object_agg jsonb_object_agg_strict
    """
)
"""Aggregates that are NULL only for no rows."""

RANKS = _names(
    """
    count cume_dist dense_rank percent_rank rank regr_count row_number
    """
)
"""Window functions and hypothetical aggregates that are never NULL."""

FRAMED = (IF_ROWS | COLLECTS | {"first_value", "last_value"}) - {
    "mode",
    "percentile_cont",
    "percentile_disc",
}
"""Over a frame that holds the current row: NULL only if a value is."""

NEVER_NULL_NODES = _names(
    """
    ARRAYEXPR BOOLEANTEST CASETESTEXPR CURRENTOFEXPR DISTINCTEXPR GROUPINGFUNC
    MERGESUPPORTFUNC NEXTVALUEEXPR NULLTEST ROWEXPR SETTODEFAULT
    """
)
"""Kinds of expression that are never NULL, whatever they are made of."""
