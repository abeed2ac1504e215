#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Ordinary edits of every picture in a folder, by FFmpeg alone: OUT/<edit>/<name>.jpg, for run.sh.
# usage: edits.sh IN OUT
# Sizes are relative, so that an edit is as strong on a large picture as on a small one. "cropN" takes N % of the width
# and of the height away, off centre.
set -euo pipefail
export LC_ALL=C
[ $# -eq 2 ] || { echo "usage: ${0##*/} IN OUT" >&2; exit 2; }
in=$1 out=$2

# A name and a chain of filters; -qscale before the bar where it is not 4. Each begins at 800 px on white.
edits='
jpeg10       | 28 | null
social       | 12 | scale=iw*0.6:-2, scale=iw*0.75:-2
resize25     | 4  | scale=iw/4:-2
stretch_w75  | 4  | scale=iw*0.75:ih
blur2        | 4  | gblur=2
noise30      | 4  | noise=alls=30:allf=u:all_seed=7
bright20     | 4  | eq=brightness=0.2:contrast=1.2
gamma2       | 4  | eq=gamma=0.5
grey         | 4  | hue=s=0
invert       | 4  | negate
hflip        | 4  | hflip
rot90        | 4  | transpose=clock
crop5        | 4  | crop=iw*0.95:ih*0.95:iw*0.01:ih*0.04
crop20       | 4  | crop=iw*0.8:ih*0.8:iw*0.05:ih*0.12
square_crop  | 4  | crop=min(iw\,ih):min(iw\,ih)
border10     | 4  | pad=iw*1.2:ih*1.2:iw*0.1:ih*0.1:navy
letterbox20  | 4  | pad=iw:ih*1.4:0:ih*0.2
blurfill     | 4  | split[a][b]; [b]scale=iw:ih*2,gblur=20[b]; [b][a]overlay=0:(H-h)/2
caption30    | 4  | pad=iw:ih*1.3:0:ih*0.3:white, CAPTION
meme_text    | 4  | MEME
logo30       | 4  | drawbox=iw*0.66:ih*0.04:iw*0.3:ih*0.3:crimson:fill, drawbox=iw*0.72:ih*0.14:iw*0.18:ih*0.1:white:fill
rot5         | 4  | rotate=5*PI/180:rotw(5*PI/180):roth(5*PI/180)
rot45        | 4  | rotate=PI/4:rotw(PI/4):roth(PI/4)
persp5       | 4  | perspective=W*0.04:H*0.02:W*0.97:H*0.05:W*0.01:H*0.98:W*0.99:H*0.96:sense=destination
pip50        | 4  | BACKGROUND[b]; [0]CANVAS,scale=iw/2:-2[a]; [b][a]overlay=W*0.4:H*0.1
mix_crop10_caption | 6 | crop=iw*0.9:ih*0.9:iw*0.03:ih*0.07, pad=iw:ih*1.2:0:ih*0.2:white, CAPTION
mix_flip_rot5_logo | 8 | hflip, rotate=-5*PI/180, drawbox=iw*0.05:ih*0.8:iw*0.15:ih*0.15:crimson:fill
'
font=$(fc-match -f '%{file}' 'DejaVu Sans:bold' 2> /dev/null || true)

# Words where there is a font, and bars of their size where there is none.
write() { # WORDS SIZE Y COLOUR BORDER
    if [ -f "$font" ]; then
        printf "drawtext=fontfile='%s':text='%s':fontsize=h*%s:x=(w-text_w)/2:y=h*%s:fontcolor=%s:borderw=%s" \
            "$font" "$1" "$2" "$3" "$4" "$5"
    else
        printf 'drawbox=iw*0.1:ih*%s:iw*0.8:ih*%s:%s:fill' "$3" "$2" "$4"
    fi
}
caption=$(write 'share before it is deleted' 0.05 0.06 black 0)
meme=$(write 'WAKE UP PEOPLE' 0.09 0.03 white 3),$(write 'THE TRUTH REVEALED' 0.09 0.86 white 3)
canvas="scale='if(gte(iw\,ih)\,min(800\,iw)\,-2)':'if(gte(iw\,ih)\,-2\,min(800\,ih))',setsar=1,format=rgba,"
canvas+="split[x][y];[x]lutrgb=r=255:g=255:b=255:a=255[x];[x][y]overlay=format=rgb,format=rgb24"
# A made picture: the fractal shares nothing with photographs, and has detail at every size.
background='mandelbrot=size=800x600:start_scale=0.4:end_scale=0.4,format=rgb24'

edit() { # NAME QSCALE FILTERS PICTURE
    local name filters=$3
    name=$(basename "$4")
    filters=${filters//CAPTION/$caption}
    filters=${filters//MEME/$meme}
    case $filters in
    BACKGROUND*) filters=${filters/BACKGROUND/$background} filters=${filters/CANVAS/$canvas} ;;
    *) filters=$canvas,$filters ;;
    esac
    ffmpeg -nostdin -v error -y -i "$4" -filter_complex "$filters,format=yuvj420p" -frames:v 1 -q:v "$2" \
        "$out/$1/${name%.*}.jpg" || echo "$1: $4" >&2
}

while IFS='|' read -r name quality filters; do
    [ -n "$name" ] || continue
    name=${name// /} quality=${quality// /}
    mkdir -p "$out/$name"
    find "$in" -type f | sort | while read -r picture; do
        edit "$name" "$quality" "$(sed 's/^ *//' <<< "$filters")" "$picture"
    done
done <<< "$edits"
